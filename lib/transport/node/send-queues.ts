import { fstatSync, readFileSync } from 'node:fs'
import type * as net from 'node:net'

/** Milliseconds for which what the system has told once is good for everybody. */
const FRESH = 250

/** What libuv knows of a socket, as far as it is used here. */
interface Handle {
  readonly fd?: unknown
  readonly writeQueueSize?: unknown
}

/**
 * How many bytes wait in each TCP socket of the machine, by its inode. `node:net` does not tell, and Linux does in a
 * file; elsewhere nobody is known.
 */
export class SendQueues {
  #bytes: ReadonlyMap<number, number> = new Map()
  #readAt = Number.NEGATIVE_INFINITY

  /** Bytes that were given to the socket and that its peer has not acknowledged; undefined where that is not known. */
  of(socket: net.Socket): number | undefined {
    const handle = (socket as { _handle?: Handle })._handle
    if (typeof handle?.fd !== 'number' || handle.fd < 0) return undefined
    const now = performance.now()
    if (now - this.#readAt > FRESH) {
      this.#bytes = readQueues()
      this.#readAt = now
    }
    const bytes = this.#bytes.get(inodeOf(handle.fd))
    if (bytes === undefined) return undefined
    return bytes + (typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0)
  }
}

function inodeOf(fd: number): number {
  try {
    return fstatSync(fd).ino
  } catch {
    return -1
  }
}

function readQueues(): Map<number, number> {
  const found = new Map<number, number>()
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text = ''
    try {
      text = readFileSync(file, 'latin1')
    } catch {
      // Not Linux, or not to be read by this process.
    }
    for (const line of text.split('\n').slice(1)) {
      // sl, local, remote, state, tx_queue:rx_queue, timer, retransmits, uid, timeout, inode
      const fields = line.trim().split(/ +/)
      const [queue = ''] = (fields[4] ?? '').split(':')
      if (fields[9] !== undefined) found.set(Number(fields[9]), Number.parseInt(queue, 16))
    }
  }
  return found
}
