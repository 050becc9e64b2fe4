import { fstatSync, readFileSync } from 'node:fs'
import type * as net from 'node:net'

/** Milliseconds for which one reading of the table serves all sockets. */
const FRESH = 250

/** The part of Node's internal socket handle that this module uses. */
interface Handle {
  readonly fd?: unknown
  readonly writeQueueSize?: unknown
}

/**
 * The send queue of each TCP socket of the machine, by inode. `node:net` does not report it, but Linux lists it in a
 * file; on other systems it is unknown.
 */
export class SendQueues {
  #bytes: ReadonlyMap<number, number> = new Map()
  #readAt = Number.NEGATIVE_INFINITY

  /** Returns how many bytes written to the socket its peer has not acknowledged; undefined if unknown. */
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
      // Not Linux, or this process may not read the file.
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
