import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** The addon's interface, which mirrors poller.h: integers in, integers out. */
export interface Addon {
  readonly Poller: new (
    input: Uint8Array,
    stage: Uint8Array,
    events: Int32Array,
    writes: Int32Array,
    /** Returns for how many microseconds to delay the next poll, if the event loop waits for nothing but sockets. */
    turn: (count: number) => number | void,
  ) => Poller
  /** Returns why the process has no usable OpenSSL; undefined if it has one. */
  opensslMissing(): string | undefined
  /**
   * Returns the OpenSSL context that `make` creates, with the bits of `ContextFlag` applied; undefined unless `make`
   * creates exactly one. Throws what `make` throws.
   */
  secureContext(
    make: () => void,
    flags: number,
    alpn: Uint8Array | undefined,
    ticketKeys: Uint8Array | undefined,
  ): SecureContext | undefined
  /** Makes a store for the sessions that a server issues. */
  tlsSessions(): TlsSessions
  /** Takes ciphertext from the peer. Returns false if memory is exhausted. */
  tlsFeed(codec: TlsCodec, bytes: Uint8Array): boolean
  /**
   * Returns how many bytes of plaintext it wrote to `room`: 0 if there are none yet, -1 at close_notify, -2 if TLS has
   * failed.
   */
  tlsDecrypt(codec: TlsCodec, room: Uint8Array): number
  /** Returns false if TLS has failed. */
  tlsEncrypt(codec: TlsCodec, bytes: Uint8Array): boolean
  /** Queues close_notify. */
  tlsEnd(codec: TlsCodec): void
  /** Returns the ciphertext to send. */
  tlsSend(codec: TlsCodec): Buffer | undefined
  /** Returns OpenSSL's reason for the failure of the last call. */
  tlsFault(): string
}

/** The TLS state of a detached connection. */
export interface TlsCodec {
  readonly isCodec: never
}

/** Holds the newest session of a server, which the next handshake offers to it. */
export interface TlsSessions {
  readonly isSessions: never
}

/** An OpenSSL context that the addon owns. */
export interface SecureContext {
  readonly isContext: never
}

export const ContextFlag = { Server: 1, Chooses: 2, Verifies: 4, Requires: 8, Truncates: 16 } as const

/** How a group selects the member for a connection, as in group.h. */
export const Policy = { RoundRobin: 0, LeastConnections: 1, Random: 2 } as const
export type Policy = (typeof Policy)[keyof typeof Policy]

/** Sockets, by slot. Results are never negative; a negative result is a fault, for `systemError`. */
export interface Poller {
  listen(
    host: string,
    port: number,
    tag: number,
    limit: number,
    backlog: number,
    v6only: boolean,
    reuseport: boolean,
  ): number
  /** A negative mode keeps the umask's. */
  listenUnix(path: string, tag: number, limit: number, backlog: number, mode: number): number
  /** Takes over a listening descriptor. */
  listenFd(fd: number, tag: number, limit: number): number
  /** Accepts one waiting peer and returns its slot, or 2 ** 31 - 1 if it went to another member of the group. */
  accept(slot: number): number
  /** Binds a datagram socket. */
  bind(host: string, port: number, v6only: boolean, reuseport: boolean): number
  connect(host: string, port: number): number
  connectUnix(path: string): number
  /**
   * Takes over the descriptor of a connected socket and returns its slot. With `copy`, duplicates the descriptor
   * instead.
   */
  adopt(fd: number, copy: boolean): number
  start(): void
  read(slot: number, wanted: boolean): number
  end(slot: number): number
  /** Returns how many written bytes the peer has not acknowledged. */
  unacknowledged(slot: number): number
  close(slot: number, reset: boolean): number
  /** Returns the descriptor, which the caller then owns. */
  release(slot: number): number
  /** Negative values change nothing. `keepAlive` in seconds; 0 is off. */
  tune(slot: number, noDelay: number, keepAlive: number): number
  names(slot: number): Names | number
  /**
   * Returns the host of a peer record as text: the peer's, or the local one that it wrote to, which is empty if
   * unknown.
   */
  hostOf(peer: Int32Array, local: boolean): string
  /**
   * Makes a group of `members` members, for which this poller accepts, and returns its id. `tags`: the most listeners.
   */
  found(members: number, tags: number, policy: number): number
  /** Joins a group: this poller also receives connections that the group accepts. */
  join(group: number, index: number): number
  /** Bypasses a member of the group for which this poller accepts, or no longer does. */
  hold(index: number, held: boolean): void
  /** Leaves the group. */
  part(): void
  flush(count: number, lent: readonly Uint8Array[] | undefined): number
  stop(): void
  /** Makes a listener's connections start with a handshake. It stops accepting while `most` are in progress. */
  limitHandshakes(slot: number, most: number): number
  /** Starts a handshake. `servername` is the SNI to send, or empty. `sessions` holds the server's session, if any. */
  secure(slot: number, context: SecureContext, servername: string, sessions: TlsSessions | undefined): number
  /** Passes input that was read before the handshake began. */
  feed(slot: number, bytes: Uint8Array): number
  /** Responds to `Event.Hello`. Undefined keeps the context that the handshake started with. */
  choose(slot: number, context: SecureContext | undefined, refused: boolean): number
  /** Removes TLS from a connection, which is plain afterwards. Returns undefined unless its handshake is done. */
  takeTls(slot: number): TlsCodec | undefined
  /** An end was requested and has not been sent yet. */
  ending(slot: number): boolean
  tlsInfo(slot: number): TlsNames | number
  tlsError(slot: number): TlsFailure | number
}

/** Protocol, cipher, servername, ALPN, 1 for a resumed session, verify result (0: trusted), certificate in DER. */
export type TlsNames = readonly [string, string, string, string, number, number, Buffer | undefined]
/** OpenSSL's reason, verify result, verify result in words, 1 after the handshake. */
export type TlsFailure = readonly [string, number, string, number]

/** Host and port of this end, then of the other end; for a Unix socket its path and -1. */
export type Names = readonly [string, number, string, number]

/** Integers in an event: {slot, kind, offset or fault or tag, length}. */
export const EVENT_SIZE = 4
export const Event = {
  Input: 0,
  Ended: 1,
  Failed: 2,
  Writable: 3,
  Accepted: 4,
  Connected: 5,
  /** The offset points to the peer record, which `length` bytes of payload follow. */
  Datagram: 6,
  /** A client sent its server name, which is at the offset; `choose` responds. */
  Hello: 7,
  /** A handshake is done. */
  Secured: 8,
} as const

/** Integers in a write: {slot, source, offset, length}. The result replaces the length. */
export const WRITE_SIZE = 4
/**
 * Where the bytes are. From `Lent` on: in the buffers passed to `flush`. From `File` on, such a buffer describes a
 * part of a file: {offset, size, seconds and nanoseconds of its last modification, descriptor}, each in 8 bytes.
 */
export const Source = { Input: 0, StagingBuffer: 1, Lent: 2, File: 1 << 30 } as const
/** The most buffers that one flush takes. */
export const MAX_LENT = 1024

/**
 * Integers in a peer record, which precedes each datagram in both directions: {family (4 or 6), port, scope, address,
 * local}. An address is four opaque integers: its bytes in network order, padded with zeros. `local` is the local
 * address that the peer wrote to, or zeros if the binding has only one.
 */
export const PEER_NUMBERS = 11
/** Offsets of the two addresses in a peer record. */
export const PEER_ADDRESS = 3
export const PEER_LOCAL = 7
/** In bytes. */
export const PEER_SIZE = PEER_NUMBERS * 4
/** The room that the addon needs in the input for each datagram, including the peer record. */
export const DATAGRAM_ROOM = 1025 * 64

/** Masks the index in a slot; the bits above are a generation. */
export const INDEX = (1 << 20) - 1

const ERRNO = (1 << 12) - 1
const CALLS = [
  ...['socket', 'setsockopt', 'bind', 'listen', 'accept', 'connect', 'recv', 'send', 'shutdown'],
  ...['getsockname', 'getpeername', 'poll', 'close', 'malloc', 'chmod', 'dup', 'ioctl', 'tls', 'sendfile'],
]

/** Whether the fault is a TLS failure, whose reason the addon knows. */
export function isTlsFault(fault: number): boolean {
  return CALLS[-fault >> 12] === 'tls'
}

/** Whether the fault is the end of the stream, and not invalid data. */
export function isTruncation(fault: number): boolean {
  return (-fault & ERRNO) === constants.errno.ECONNRESET
}

/** Returns the error for a fault: `recv ECONNRESET: connection reset by peer`. `where` is the address concerned. */
export function systemError(fault: number, where = ''): NodeJS.ErrnoException {
  const errno = -(-fault & ERRNO)
  const syscall = CALLS[-fault >> 12] ?? 'call'
  const [code, text] = getSystemErrorMap().get(errno) ?? [`errno ${-errno}`, 'unknown error']
  const error: NodeJS.ErrnoException = new Error(`${syscall} ${code}: ${text}${where}`)
  return Object.assign(error, { errno, code, syscall })
}
