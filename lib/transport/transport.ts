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
 * The interface between the loop and a transport. A transport moves bytes and makes no decisions: the loop decides
 * what a reply means, when to read and how long to wait.
 *
 * A transport reports events in turns: inside `host.turn` it calls `host.accepted` and the receivers of its links, any
 * number of times. The loop writes what the handlers returned before `turn` returns. Between turns the loop may call a
 * link or a transport at any time; a transport never starts a turn inside such a call.
 */
export interface Host {
  /** Runs `run` as one turn, and ends the turn even if `run` throws. */
  turn(run: () => void): void
  /** A turn is running. */
  readonly inTurn: boolean
  /**
   * A peer connected to the binding with this index. Returns the receiver, which the transport stores in the link. By
   * then, the loop may have written to the link, closed or detached it.
   */
  accepted(transport: Transport, link: Link, addressIndex: number): Receiver
  /** A TLS handshake with the binding of this index failed. Called inside a turn. */
  handshakeFailed?(addressIndex: number, error: Error, remote: Address): void
  /** The clock for handshake timeouts. */
  readonly clock: Clock
}

/** Makes a transport that reports to `host`. */
export type TransportMaker = (host: Host) => Transport

/** Receives the outcome of `dial`. Exactly one method is called, once, inside a turn. */
export interface Dialer {
  /** The connection is established. Returns the receiver, which the transport stores in the link. */
  connected(transport: Transport, link: Link): Receiver
  failed(error: Error): void
}

/** The connection behind a link, as the transport sees it. Its methods are called inside a turn only. */
export interface Receiver {
  /** The connection's id. */
  readonly id?: number
  /** Bytes from the peer. With `transport.sharesInput` they are valid only until the turn ends. */
  input(bytes: Buffer): void
  /** The peer has ended its side. Follows all input; only `writable` and `failed` may come later. */
  ended(): void
  /**
   * The link is broken. Follows all input that arrived before; no event comes later, and only `close` may be called.
   */
  failed(error: Error): void
  /**
   * The link can take more, after a `write` that took less than it was offered. Also called when `unconfirmed` has
   * fallen, or when the link needs a flush.
   */
  writable(): void
  /** The handshake that `link.secure` started is done; `link.tls` describes it. A failure calls `failed` instead. */
  secured?(): void
}

/** The part of a file that is still to be sent. */
export interface FilePart {
  readonly region: FileRegion
  /** The offset of the next byte. */
  at: number
}

/** One connection of a transport. After `close` or `detach` no method may be called, and the receiver gets no event. */
export interface Link {
  /**
   * Receives the link's events: the result of `accepted` or `connected`, or a layer that the loop has put around the
   * link since.
   */
  receiver: Receiver | undefined
  /** How many bytes the last `write` took. Valid once `transport.flush` has returned. */
  readonly taken: number
  /** How many of the taken bytes the OS may still reject; it then calls `receiver.failed`. Absent: 0. */
  readonly unconfirmed?: number
  /**
   * Input is in memory that the transport does not reuse, despite `transport.sharesInput`. Absent: as the transport
   * says.
   */
  readonly ownsInput?: boolean
  /** Calls `receiver.writable` once `unconfirmed` is 0. Present where `unconfirmed` is. */
  confirm?(): void
  /**
   * After `end`: the last bytes or the end itself have not been sent yet. `receiver.writable` is called when they
   * have.
   */
  readonly ending?: boolean
  /** The link is about to become a TLS link, and can't be detached until then. */
  readonly securing?: boolean
  /**
   * The link itself holds bytes to write, as a layer does: the loop must call `write` even with an empty outbox. The
   * link requests that flush through `receiver.writable`. After a flush: the link can take more at once, so another
   * flush must follow. Absent: false.
   */
  readonly wantsWrite?: boolean
  /** Why the last `write` failed, if it did. Valid once `transport.flush` has returned. Input may still arrive. */
  readonly failure: Error | undefined
  /**
   * Where a layer may stage small output between the loop's call of `write` and its own. Absent: the layer can't
   * stage.
   */
  readonly stage?: StagingBuffer | undefined
  /** The link has failed in both directions: no more input arrives. Absent: false. */
  readonly over?: boolean
  /**
   * Writes as much of the outbox as the link takes without waiting, in order. Does not change the outbox: the loop
   * removes what was taken. If it took less than there is, it calls `receiver.writable` once it can take more; the
   * loop does not call `write` before that.
   */
  write(outbox: Outbox, file?: FilePart | undefined): void
  /** `write` also takes the part of a file that follows the outbox, and `taken` counts its bytes. Absent: false. */
  readonly sendsFiles?: boolean
  /**
   * Returns how many of the bytes that all calls of `write` took the peer has not acknowledged. Absent or undefined:
   * the OS does not say.
   *
   * The OS calls a socket writable late: Linux does so only when a third of the send buffer is free, which a slow
   * reader may not achieve within `writeTimeout`. The loop therefore calls this several times in a `writeTimeout`, and
   * treats a changed result as progress, as it would a written byte. Costs a system call.
   */
  unacknowledged?(): number | undefined
  /**
   * Starts or stops reading; a new link is read. Takes effect at once, but a turn may still deliver what it has
   * already read. If the peer resets, the input before that is delivered even while reading is stopped, so that
   * `failed` can follow.
   */
  read(wanted: boolean): void
  /** Sends the orderly end after the written bytes. Input continues. */
  end(): void
  /** After the peer's end, `close` sends the orderly end itself, so the loop need not call `end`. Absent: false. */
  readonly endsByClosing?: boolean
  /** Releases the descriptor. With `reset`, the peer learns that it did not receive everything. */
  close(options: { reset: boolean }): void
  /** Gives the connection away as a socket, which first provides `unread` and then what the kernel still holds. */
  detach(unread: readonly Uint8Array[]): net.Socket
  tune(options: Tuning): void
  /** The `net.Socket` that carries the bytes, if a layer may take it over. */
  readonly socket?: net.Socket | undefined
  /**
   * Leaves `socket` to a layer. The link then moves no bytes and reports none; everything else continues. `read` then
   * says whether the layer reads: while it doesn't, the link still reports a broken connection through
   * `receiver.failed`.
   */
  surrender?(): void
  /** What TLS negotiated with the peer; undefined for plain bytes. May be expensive, so callers use it rarely. */
  readonly tls?: TlsInfo | undefined
  /**
   * Starts TLS after the bytes that `write` took: begins a handshake, whose input starts with `unread`. Until
   * `receiver.secured` is called, no input arrives and `write` takes nothing. Absent: the link has no TLS.
   */
  secure?(security: ServerSecurity | ClientSecurity, unread: readonly Uint8Array[]): void
  /** Both ends. Called at most once, in `accepted`. The result stays valid after the link is gone. */
  addresses(): { local: Address; remote: Address }
}

/** The receiver of a link until the host provides one. */
export const nobody: Receiver = { input() {}, ended() {}, failed() {}, writable() {} }

/** The link of a connection that could not be established. */
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
  noDelay?: boolean | undefined
  /** Milliseconds; 0 is off. */
  keepAlive?: number | undefined
}

export interface Transport {
  readonly name: 'native' | 'net' | 'memory'
  /** Collects small output until the turn ends. */
  readonly stage: StagingBuffer
  /** Input is in memory that the next turn reuses. */
  readonly sharesInput: boolean
  /** Each `input` is a datagram, and so is each run of an outbox. There is no end, and no detach. */
  readonly datagrams?: boolean
  /**
   * The transport has TLS itself: its bindings and targets accept `security`, and its links have `secure`. Absent:
   * false.
   */
  readonly doesTls?: boolean
  /**
   * Binds an address and listens. Rejects with the OS's error, and then leaves nothing bound. Accepts no peer before
   * `start`. With `security`, accepts a peer once its handshake is done; a failed one calls `host.handshakeFailed`.
   */
  bind(binding: Binding, addressIndex: number, security?: ServerSecurity): Promise<Address>
  /** Sets the TLS options for later handshakes of that binding. */
  resecure?(addressIndex: number, security: ServerSecurity): void
  /**
   * Connects to an address. Does not block while it resolves names. The returned function cancels: it leaves nothing
   * open, and the dialer gets no call.
   */
  dial(target: Binding, dialer: Dialer, security?: ClientSecurity): () => void
  /** Starts accepting peers: all addresses are bound and `serving` has run. */
  start(): void
  /** Performs the writes requested since the last flush. Afterwards each link's `taken` and `failure` are valid. */
  flush(): void
  /**
   * Closes every listener, and removes the path of a Unix socket. Connections continue; peers in the backlog are
   * accepted as far as the transport can.
   */
  unbind(): void
  /**
   * Another thread accepts for this transport, so accepted peers may be on their way; `depart` stops that. Absent:
   * false.
   */
  readonly joined?: boolean
  depart?(): void
  /** How many connected peers are in a handshake, and will be accepted when it is done. Absent: 0. */
  readonly handshaking?: number
  /** Releases everything else. All links are closed by then. */
  close(): void
}
