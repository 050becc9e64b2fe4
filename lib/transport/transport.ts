import type * as net from 'node:net'
import type { Binding } from '../address.js'
import type { FileRegion } from '../file-region.js'
import type { Address } from '../info.js'
import type { Clock } from '../loop/clock.js'
import type { TlsInfo } from '../tls.js'
import type { Outbox } from './outbox.js'
import type { ClientSecurity, ServerSecurity } from './security.js'
import type { StagingBuffer } from './staging.js'

/**
 * What the loop and a transport say to each other. A transport moves bytes and has no policy: what a reply means,
 * when to read, how long to wait are the loop's.
 *
 * A transport speaks to the loop in turns: inside of `host.turn` it calls `host.accepted` and the receivers of its
 * links, any number of times. The loop writes what the handlers returned before `turn` returns. Between turns the loop
 * may call a link or a transport at any time; a transport never answers such a call with a turn inside of it.
 */
export interface Host {
  /** Runs `run` as one turn, and ends the turn whatever `run` throws. */
  turn(run: () => void): void
  /** A turn is running. */
  readonly inTurn: boolean
  /**
   * A peer connected to the binding with this index. The transport keeps the receiver with the link, which may have
   * been written to, closed or detached by the time this returns.
   */
  accepted(transport: Transport, link: Link, addressIndex: number): Receiver
  /** A handshake of TLS ended without a connection to the binding with this index. Inside a turn. */
  handshakeFailed?(addressIndex: number, error: Error, remote: Address): void
  /** Times handshakes. */
  readonly clock: Clock
}

/** Makes a transport that speaks to `host`. */
export type TransportMaker = (host: Host) => Transport

/** Who waits for the outcome of `dial`. One of the two is called, once, inside a turn. */
export interface Dialer {
  /** The connection is made. The transport keeps the receiver with the link. */
  connected(transport: Transport, link: Link): Receiver
  failed(error: Error): void
}

/** The connection behind a link, as the transport sees it. Its methods are called inside a turn only. */
export interface Receiver {
  /** The connection's. */
  readonly id?: number
  /** Bytes from the peer. Where `transport.sharesInput` they are only valid until the turn ends. */
  input(bytes: Buffer): void
  /** The peer has sent all it will. Comes after every byte; only `writable` and `failed` may follow. */
  ended(): void
  /** The link is broken. Comes after every byte that arrived before; nothing follows, and only `close` is left to do. */
  failed(error: Error): void
  /**
   * After a `write` that took less than was offered: more goes now. Also tells that `unconfirmed` has fallen, or that
   * the link wants a flush.
   */
  writable(): void
  /** What `link.secure` began is done: `link.tls` says what was agreed on. `failed` where it isn't. */
  secured?(): void
}

/** The part of a file that is still to be sent. */
export interface FilePart {
  readonly region: FileRegion
  /** The next byte. */
  at: number
}

/** One connection of a transport. After `close` or `detach` no method is called, and its receiver hears nothing. */
export interface Link {
  /** Who hears of it: what `accepted` or `connected` answered, or a layer that the loop has put around it since. */
  receiver: Receiver | undefined
  /** How many bytes have been taken by `write`; known when `transport.flush` has returned. */
  readonly taken: number
  /** Of the bytes that were taken, those which the system may still refuse; then `receiver.failed` follows. Absent: none. */
  readonly unconfirmed?: number
  /** Input lies in memory of its own, whatever the transport says of input it shares. Absent: as the transport says. */
  readonly ownsInput?: boolean
  /** Has `receiver.writable` called once `unconfirmed` is 0. There where `unconfirmed` is. */
  confirm?(): void
  /** After `end`: its last bytes and the end itself have not gone yet; `receiver.writable` tells when they have. */
  readonly ending?: boolean
  /** It is about to become another link, and cannot be handed over before. */
  readonly securing?: boolean
  /**
   * It holds bytes of its own that go out with the next flush, as a layer does: `write` is to be called even where the
   * outbox is empty. It asks for that flush with `receiver.writable`. After a flush: it takes more at once, so that
   * another one is to follow. Absent: no.
   */
  readonly wantsWrite?: boolean
  /** Why the last `write` failed, if it did; known when `transport.flush` has returned. Later bytes may still be read. */
  readonly failure: Error | undefined
  /** Where a layer may gather small output between the loop's call of `write` and its own. Absent: nowhere. */
  readonly stage?: StagingBuffer | undefined
  /** It has failed both ways: no input follows either. Absent: no. */
  readonly over?: boolean
  /**
   * Takes as much of the outbox as goes without waiting, in order, and leaves it as it is: the loop removes what was
   * taken. Where less was taken than there is, `receiver.writable` follows once more goes, without being asked for.
   * Not called again before that.
   */
  write(outbox: Outbox, file?: FilePart | undefined): void
  /** `write` takes the part of a file that follows the bytes of the outbox; `taken` counts its bytes, too. Absent: no. */
  readonly sendsFiles?: boolean
  /**
   * How many of the bytes that `write` took, in this call and earlier ones, the peer has not acknowledged yet. Absent, or
   * undefined: the system does not say.
   *
   * Systems tell `writable` late: Linux only when a third of the send buffer is free, which a slow reader may not bring
   * about within a `writeTimeout`. The loop therefore asks several times in a `writeTimeout`: another number than the last
   * one is progress, as a byte that was written would be. Costs a system call.
   */
  unacknowledged?(): number | undefined
  /**
   * Whether input is wanted; a new link is read. Takes effect at once: a turn may still deliver what it has read. When
   * the peer resets, what it sent before is delivered, wanted or not, so that `failed` can follow.
   */
  read(wanted: boolean): void
  /** Sends the orderly end behind what was written. Input goes on. */
  end(): void
  /** Behind the peer's end `close` sends the orderly end by itself, so that `end` is not needed before. Absent: no. */
  readonly endsByClosing?: boolean
  /** Gives the descriptor back; with `reset`, so that the peer learns that not everything reached it. */
  close(options: { reset: boolean }): void
  /** Gives the connection away as a socket on which `unread` and what the kernel still holds can be read. */
  detach(unread: readonly Uint8Array[]): net.Socket
  tune(options: Tuning): void
  /** What it moves bytes through, where that is a `net.Socket` which a layer may take for itself. */
  readonly socket?: net.Socket | undefined
  /**
   * Leaves `socket` to a layer. The link moves no bytes any more and hears of none; all else goes on. What `read` is told
   * is whether the layer reads: where it doesn't, the link still tells with `receiver.failed` of a broken connection.
   */
  surrender?(): void
  /** What TLS has agreed on with the peer; undefined for plain bytes. Asked for seldom: it may cost much. */
  readonly tls?: TlsInfo | undefined
  /**
   * Goes on as TLS, from the byte behind those that `write` took: a handshake begins, to which `unread` belongs, and
   * what is still read. Until `receiver.secured` no input comes and `write` takes nothing. Absent: it cannot.
   */
  secure?(security: ServerSecurity | ClientSecurity, unread: readonly Uint8Array[]): void
  /** Both ends; asked for at most once, in `accepted`. Stays true after the link is gone. */
  addresses(): { local: Address; remote: Address }
}

/** Hears of a link until the host has said who does. */
export const nobody: Receiver = { input() {}, ended() {}, failed() {}, writable() {} }

/** The link of a connection that could not be made. */
export const noLink: Link = {
  receiver: undefined,
  taken: 0,
  failure: undefined,
  write() {},
  read() {},
  end() {},
  close() {},
  detach() {
    throw new Error('there is no socket to detach')
  },
  tune() {},
  addresses() {
    throw new Error('there are no addresses')
  },
}

export interface Tuning {
  noDelay?: boolean
  /** Milliseconds; 0 is off. */
  keepAlive?: number
}

export interface Transport {
  readonly name: 'native' | 'net' | 'memory'
  /** Where small output is gathered until the turn ends. */
  readonly stage: StagingBuffer
  /** Input lies in memory that the next turn uses again. */
  readonly sharesInput: boolean
  /** Each `input` is a datagram, and so is each run of an outbox; there is no end and nothing to detach. */
  readonly datagrams?: boolean
  /** It does TLS itself: it takes bindings and targets with `security`, and its links have `secure`. Absent: no. */
  readonly doesTls?: boolean
  /**
   * Binds an address and listens. Rejects with the system's error, having left nothing behind.
   * No peer is accepted before `start`. With `security`, peers are accepted once their handshake is done; one that
   * fails is `host.handshakeFailed`.
   */
  bind(binding: Binding, addressIndex: number, security?: ServerSecurity): Promise<Address>
  /** Handshakes of that binding that begin from now on are done with other certificates. */
  resecure?(addressIndex: number, security: ServerSecurity): void
  /**
   * Connects to an address; names are resolved without blocking. The returned function gives up: nothing is left
   * behind, and the dialer hears nothing.
   */
  dial(target: Binding, dialer: Dialer, security?: ClientSecurity): () => void
  /** All addresses are bound and `serving` has run: peers may come. */
  start(): void
  /** Does the writes that were asked for since the last flush. Afterwards each link's `taken` and `failure` stand. */
  flush(): void
  /**
   * Releases every listener, and removes the path of a Unix socket. What is connected goes on; what waits to be accepted is
   * accepted, as far as the transport can.
   */
  unbind(): void
  /** Another thread accepts for it, and what it has accepted may be on its way; `depart` stops that. Absent: no. */
  readonly joined?: boolean
  depart?(): void
  /** Peers that are connected, and will be accepted when their handshake is done. Absent: none. */
  readonly handshaking?: number
  /** Gives back everything else; every link has been closed by now. */
  close(): void
}
