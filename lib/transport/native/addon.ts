import { constants } from 'node:os'
import { getSystemErrorMap } from 'node:util'

/** What the addon offers, as poller.h has it: plain integers in, plain integers out. */
export interface Addon {
  readonly Poller: new (
    input: Uint8Array,
    stage: Uint8Array,
    events: Int32Array,
    writes: Int32Array,
    /** Answers for how many microseconds to hold back the next poll, when nothing but sockets is waited for. */
    turn: (count: number) => number | void,
  ) => Poller
  /** Why the process has no OpenSSL that can be used; undefined when it has. */
  opensslMissing(): string | undefined
  /**
   * What OpenSSL makes while `make` runs, used as the bits of `ContextFlag` say; undefined unless that is one context.
   * Throws what `make` throws.
   */
  secureContext(
    make: () => void,
    flags: number,
    alpn: Uint8Array | undefined,
    ticketKeys: Uint8Array | undefined,
  ): SecureContext | undefined
  /** Keeps the sessions that a server gives its clients. */
  tlsSessions(): TlsSessions
  /** Ciphertext from the peer; false when there is no memory. */
  tlsFeed(codec: TlsCodec, bytes: Uint8Array): boolean
  /** How many bytes of plaintext it got; none: 0, -1 at close_notify, -2 when TLS has failed. */
  tlsDecrypt(codec: TlsCodec, room: Uint8Array): number
  /** False when TLS has failed. */
  tlsEncrypt(codec: TlsCodec, bytes: Uint8Array): boolean
  /** Has close_notify sent. */
  tlsEnd(codec: TlsCodec): void
  /** The ciphertext that is to be sent. */
  tlsSend(codec: TlsCodec): Buffer | undefined
  /** OpenSSL's reason for the failure that the last call told of. */
  tlsFault(): string
}

/** TLS that was taken from a connection. */
export interface TlsCodec {
  readonly isCodec: never
}

/** The newest session of a server, which is offered to it again. */
export interface TlsSessions {
  readonly isSessions: never
}

/** An OpenSSL context that belongs to the addon. */
export interface SecureContext {
  readonly isContext: never
}

export const ContextFlag = { Server: 1, Chooses: 2, Verifies: 4, Requires: 8, Truncates: 16 } as const

/** Which member of a group gets a connection, as group.h has it. */
export const Policy = { RoundRobin: 0, LeastConnections: 1, Random: 2 } as const
export type Policy = (typeof Policy)[keyof typeof Policy]

/** A result is never negative; what is negative is a fault, for `systemError`. */
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
  /** Mode below 0: as the umask has it. */
  listenUnix(path: string, tag: number, limit: number, backlog: number, mode: number): number
  /** Over a descriptor that listens already; the poller's from now on. */
  listenFd(fd: number, tag: number, limit: number): number
  /** A slot for one more that a listener has waiting; what was handed to another member is 2 ** 31 - 1. */
  accept(slot: number): number
  /** For datagrams. */
  bind(host: string, port: number, v6only: boolean, reuseport: boolean): number
  connect(host: string, port: number): number
  connectUnix(path: string): number
  /** A slot over a connected socket's descriptor, the poller's from now on; `copy` leaves it to the caller. */
  adopt(fd: number, copy: boolean): number
  start(): void
  read(slot: number, wanted: boolean): number
  end(slot: number): number
  /** Bytes that were taken and not acknowledged. */
  unacknowledged(slot: number): number
  close(slot: number, reset: boolean): number
  /** The descriptor, the caller's from now on. */
  release(slot: number): number
  /** Below 0: as it is. `keepAlive` in seconds; 0 is off. */
  tune(slot: number, noDelay: number, keepAlive: number): number
  names(slot: number): Names | number
  /** The host in the numbers of a peer, or this side's that it wrote to; that is empty where it is not known. */
  hostOf(peer: Int32Array, local: boolean): string
  /** Makes a group of so many members, for which this poller accepts: its id. `tags`: how many listeners at most. */
  found(members: number, tags: number, policy: number): number
  /** What is accepted for the group comes to this poller as well. */
  join(group: number, index: number): number
  /** Nothing more comes to it. */
  part(): void
  flush(count: number, lent: readonly Uint8Array[] | undefined): number
  stop(): void
  /** What a listener accepts begins with a handshake; it accepts while fewer than `most` are under way. */
  limitHandshakes(slot: number, most: number): number
  /** A handshake begins, in which `servername` is asked for; empty: none. `sessions`: those of the server. */
  secure(slot: number, context: SecureContext, servername: string, sessions: TlsSessions | undefined): number
  /** Bytes of the handshake, or behind it, that were read before it began. */
  feed(slot: number, bytes: Uint8Array): number
  /** Answers `Event.Hello`: undefined stands for the context that the handshake began with. */
  choose(slot: number, context: SecureContext | undefined, refused: boolean): number
  /** Takes TLS from a connection, which is plain afterwards; undefined unless its handshake is done. */
  takeTls(slot: number): TlsCodec | undefined
  /** An end was asked for and has not gone yet. */
  ending(slot: number): boolean
  tlsInfo(slot: number): TlsNames | number
  tlsError(slot: number): TlsFailure | number
}

/** Protocol, cipher, servername, ALPN, 1 for a resumed session, verify result (0: trusted), certificate in DER. */
export type TlsNames = readonly [string, string, string, string, number, number, Buffer | undefined]
/** OpenSSL's reason, verify result, that in words, 1 behind the handshake. */
export type TlsFailure = readonly [string, number, string, number]

/** Host and port of this end and of the other one; for a Unix socket its path and -1. */
export type Names = readonly [string, number, string, number]

/** The numbers in an event: {slot, kind, offset or fault or tag, length}. */
export const EVENT_SIZE = 4
export const Event = {
  Input: 0,
  Ended: 1,
  Failed: 2,
  Writable: 3,
  Accepted: 4,
  Connected: 5,
  /** At its offset lies the peer, and `length` bytes behind it. */
  Datagram: 6,
  /** A client asks for the name that lies there; `choose` answers. */
  Hello: 7,
  /** A handshake is done. */
  Secured: 8,
} as const

/** The numbers in a write: {slot, source, offset, length, afterwards the result}. */
export const WRITE_SIZE = 4
/**
 * Where the bytes lie; from `Lent` on in the buffers that are passed along. From `File` on these say which part of a
 * file: {offset, size, seconds and nanoseconds of its last modification, descriptor}, each in 8 bytes.
 */
export const Source = { Input: 0, StagingBuffer: 1, Lent: 2, File: 1 << 30 } as const
/** How many buffers one flush takes. */
export const MAX_LENT = 1024

/**
 * The numbers in a peer, which lies in front of each datagram, both ways: {family (4 or 6), port, scope, address, local}.
 * The address is four numbers that mean nothing by themselves: its bytes in the order of the wire, zeros behind them. So
 * is this side's address that the peer wrote to, zeros where the binding has only one.
 */
export const PEER_NUMBERS = 11
/** Where in them each address begins. */
export const PEER_ADDRESS = 3
export const PEER_LOCAL = 7
/** In bytes. */
export const PEER_SIZE = PEER_NUMBERS * 4
/** The room in the input that the addon wants for each datagram, the peer included. */
export const DATAGRAM_ROOM = 1025 * 64

/** The bits of a slot that are its index; those above are a generation. */
export const INDEX = (1 << 20) - 1

const ERRNO = (1 << 12) - 1
const CALLS = [
  ...['socket', 'setsockopt', 'bind', 'listen', 'accept', 'connect', 'recv', 'send', 'shutdown'],
  ...['getsockname', 'getpeername', 'poll', 'close', 'malloc', 'chmod', 'dup', 'ioctl', 'tls', 'sendfile'],
]

/** The fault is one of TLS, for which the addon has a reason of its own. */
export function isTlsFault(fault: number): boolean {
  return CALLS[-fault >> 12] === 'tls'
}

/** It came with the end of the stream, and not with what it held. */
export function isTruncation(fault: number): boolean {
  return (-fault & ERRNO) === constants.errno.ECONNRESET
}

/** The error behind a fault: `recv ECONNRESET: connection reset by peer`. `where` is what it was about. */
export function systemError(fault: number, where = ''): NodeJS.ErrnoException {
  const errno = -(-fault & ERRNO)
  const syscall = CALLS[-fault >> 12] ?? 'call'
  const [code, text] = getSystemErrorMap().get(errno) ?? [`errno ${-errno}`, 'unknown error']
  const error: NodeJS.ErrnoException = new Error(`${syscall} ${code}: ${text}${where}`)
  return Object.assign(error, { errno, code, syscall })
}
