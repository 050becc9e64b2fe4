import type * as net from 'node:net'
import { inetAddress, unixAddress } from '../../address.js'
import { RevioError } from '../../errors.js'
import type { Address } from '../../info.js'
import { keepAliveSeconds } from '../../loop/limits.js'
import { handOver } from '../hand-over.js'
import { goneError, isGone, type Outbox, type Segment } from '../outbox.js'
import type { StagingBuffer } from '../staging.js'
import type { Host, Link, Receiver, Tuning } from '../transport.js'
import { type BreakWatch, breakOf } from './break-watch.js'
import type { Copies } from './copies.js'
import type { SendQueues } from './send-queues.js'

/** Bytes that are enough for a call of the OS: few enough that a slow peer makes visible progress. */
const SLICE = 64 * 1024

/** What a link needs of its transport. */
export interface NetLinkOwner {
  readonly host: Host
  readonly stage: StagingBuffer
  readonly copies: Copies
  readonly breaks: BreakWatch
  readonly queues: SendQueues
}

/** One `net.Socket` of the portable transport. */
export class NetLink implements Link {
  taken = 0
  failure: Error | undefined
  receiver: Receiver | undefined
  readonly #owner: NetLinkOwner
  readonly #socket: net.Socket
  readonly #left: (() => void) | undefined
  /** The socket's previous owner had ended its output. */
  readonly #mute: boolean
  #open = true
  /** A layer reads and writes the socket. */
  #surrendered = false
  #reading = true
  /** The peer has ended its side. */
  #ended = false
  /** This side has ended. */
  #finished = false
  /** The connection is broken, but input from before that is still being read. */
  #broken: Error | undefined
  /** How many bytes at the front of the outbox the socket holds and the OS has not taken. */
  #inFlight = 0
  /** Writes whose callback has not run. */
  #writes = 0
  /** Bytes that the socket has been given and the OS has not been offered. */
  #gathered = 0
  /** Some of them are in the staging buffer. */
  #staged = false
  /** The local address, if it is known without asking the OS. */
  readonly #local: Address | undefined

  /** Calls `left` when the link is closed or detached. */
  constructor(owner: NetLinkOwner, socket: net.Socket, left: (() => void) | undefined, local?: Address) {
    this.#owner = owner
    this.#socket = socket
    this.#left = left
    this.#local = local
    this.#mute = !socket.writable
    if (socket.listenerCount('readable') > 0) this.#makeFlow()
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** Starts delivering input. Called inside a turn, once the loop has the link. */
  begin(receiver: Receiver | undefined): void {
    this.receiver = receiver
    if (!this.#open || this.#surrendered) return
    this.read(this.#reading)
    // The end reached the previous owner, and the socket does not emit it again.
    if (this.#socket.readableEnded) receiver?.ended()
  }

  get socket(): net.Socket | undefined {
    return this.#socket.readable && this.#socket.writable ? this.#socket : undefined
  }

  surrender(): void {
    this.#surrendered = true
    this.#unhear()
    // The socket was accepted paused, and a layer that only adds listeners does not resume it.
    handOver(this.#socket, [])
  }

  write(outbox: Outbox): void {
    const before = this.#inFlight
    this.#inFlight = 0
    this.taken = before
    if (this.#mute) {
      this.failure = new RevioError('EPIPE', 'the output of the socket was ended before it was attached')
      return
    }
    let skip = before
    for (let segment = outbox.first; segment !== undefined; segment = segment.next) {
      const length = segment.end - segment.start
      if (skip < length) {
        if (!this.#writeSegment(segment, segment.start + skip)) return
        skip = 0
      } else skip -= length
    }
  }

  unacknowledged(): number | undefined {
    return this.#owner.queues.of(this.#socket)
  }

  read(wanted: boolean): void {
    this.#reading = wanted
    if (this.receiver === undefined || this.#broken !== undefined) return
    if (wanted) this.#owner.breaks.delete(this)
    else this.#owner.breaks.add(this)
    if (this.#surrendered) return
    if (wanted) this.#socket.resume()
    else this.#socket.pause()
  }

  /** Checks whether a connection that is not reading is broken. */
  look(): void {
    // Pending output makes libuv poll the socket, which reports a break. A side that has ended rejects every write.
    if (this.#finished || this.#socket.writableLength > 0) return
    const code = breakOf(this.#socket)
    // EPIPE before the peer's end has been read is no break: a Unix socket looks like this when its peer closes it.
    if (code === undefined || code === 'EAGAIN' || (code === 'EPIPE' && !this.#ended)) return
    this.#owner.breaks.delete(this)
    const error = Object.assign(new Error(`read ${code}: the peer broke the connection`), { code })
    if (this.#ended || this.#surrendered) return this.#onError(error)
    this.#broken = error
    this.#socket.resume()
  }

  end(): void {
    this.#finished = true
    this.#socket.end()
  }

  close({ reset }: { reset: boolean }): void {
    this.#leave()
    // Later errors of the socket concern no one, and must not end the process.
    this.#socket.on('error', () => {})
    if (reset && isPlainTcp(this.#socket)) resetSocket(this.#socket)
    else this.#socket.destroy()
  }

  detach(unread: readonly Uint8Array[]): net.Socket {
    this.#leave()
    return this.#surrendered ? this.#socket : handOver(this.#socket, unread)
  }

  tune({ noDelay, keepAlive }: Tuning): void {
    if (noDelay !== undefined) this.#socket.setNoDelay(noDelay)
    // Node truncates less than a second to 0, which keeps the OS's default of two hours.
    if (keepAlive !== undefined) this.#socket.setKeepAlive(keepAlive > 0, keepAliveSeconds(keepAlive) * 1000)
  }

  addresses(): { local: Address; remote: Address } {
    const local = this.#local ?? localOf(this.#socket)
    if (local === undefined) return { local: unixAddress(''), remote: unixAddress('') }
    const { remoteAddress = '', remotePort = 0 } = this.#socket
    return { local, remote: inetAddress('tcp', remoteAddress, remotePort) }
  }

  /** Returns false if the OS did not take all of it; the rest of what was written is then in flight. */
  #writeSegment(segment: Segment, from: number): boolean {
    if (isGone(segment)) {
      this.#push()
      this.failure = goneError(segment)
      return false
    }
    for (let start = from; start < segment.end; start += SLICE) {
      const end = Math.min(segment.end, start + SLICE)
      const last = end === segment.end && segment.next === undefined
      const full = this.#gathered + end - start >= SLICE
      // A head and its body go to the OS in one call.
      if (this.#gathered === 0 && !last && !full) this.#socket.cork()
      this.#gathered += end - start
      this.#writes++
      this.#socket.write(this.#lasting(segment, start, end), this.#onWritten)
      if ((last || full) && !this.#push()) return false
    }
    return true
  }

  /** The socket keeps the bytes that the OS does not take, so they must be in memory that neither changes nor goes. */
  #lasting({ bytes, owned, shared }: Segment, start: number, end: number): Uint8Array {
    const part = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
    if (owned && !shared) return part
    if (bytes !== this.#owner.stage.bytes) return this.#owner.copies.put(part)
    this.#staged = true
    return part
  }

  /** Has the OS take what has gathered. Returns false if it did not take all of it. */
  #push(): boolean {
    const { stage, copies } = this.#owner
    const size = this.#gathered
    const staged = this.#staged
    this.#gathered = 0
    this.#staged = false
    this.#socket.uncork()
    if (this.#socket.writableLength === 0) {
      copies.reuse()
      this.taken += size
      return true
    }
    copies.keep()
    if (staged) stage.renew()
    this.#inFlight = size
    return false
  }

  /**
   * Makes the stream flow. A 'readable' listener of the previous owner would prevent that; removing it makes Node
   * resume the stream even if it should stay paused.
   */
  #makeFlow(): void {
    this.#socket.removeAllListeners('readable')
    process.nextTick(() => {
      if (this.#open && !this.#reading) this.#socket.pause()
    })
  }

  #leave(): void {
    this.#open = false
    this.#owner.breaks.delete(this)
    this.#unhear()
    this.#left?.()
  }

  #unhear(): void {
    this.#socket.removeListener('data', this.#onData)
    this.#socket.removeListener('end', this.#onEnd)
    this.#socket.removeListener('error', this.#onError)
    this.#socket.removeListener('close', this.#onClose)
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#owner.host.turn(() => this.receiver?.input(bytes))
  }

  readonly #onEnd = (): void => {
    if (this.#broken !== undefined) return this.#onError(this.#broken)
    this.#ended = true
    this.#owner.breaks.add(this)
    this.#owner.host.turn(() => this.receiver?.ended())
  }

  readonly #onError = (error: Error): void => {
    this.#owner.host.turn(() => this.receiver?.failed(error))
  }

  readonly #onClose = (): void => {
    // Node destroys a socket once both sides have ended. Nothing is broken then, and the connection may still be busy.
    if (this.#socket.readableEnded && this.#socket.writableFinished) return
    this.#onError(Object.assign(new Error('the socket was destroyed'), { code: 'ECONNRESET' }))
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#writes--
    if (this.#writes > 0 || this.#inFlight === 0 || !this.#open || error) return
    this.#owner.host.turn(() => this.receiver?.writable())
  }
}

/** Node can reset only TCP sockets, and throws for any other, such as an attached TLS socket. */
function isPlainTcp(socket: net.Socket): boolean {
  return socket.remoteFamily !== undefined && !('encrypted' in socket)
}

function localOf({ localAddress, localPort = 0 }: net.Socket): Address | undefined {
  return localAddress === undefined ? undefined : inetAddress('tcp', localAddress, localPort)
}

/** While an end is in transit libuv refuses to reset, and Node would leak the descriptor and never exit. */
function resetSocket(socket: net.Socket): void {
  const ending = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (ending) socket.once('finish', () => socket.resetAndDestroy())
  else socket.resetAndDestroy()
}
