import { BroadcastChannel } from 'node:worker_threads'
import type { Sample } from './page/message.js'

type Memory = Pick<Sample, 'heapUsed' | 'heapTotal' | 'arrayBuffers'>

const CHANNEL = 'revio-dashboard-memory'

/** Reports the memory of this thread, that of loop `index`, every `interval` ms: other threads cannot see its heap. */
export function tellMemory(index: number, interval: number): void {
  const channel = new BroadcastChannel(CHANNEL)
  // Does not keep the thread alive once its loop has ended.
  channel.unref()
  const tell = () => channel.postMessage({ index, memory: process.memoryUsage() })
  tell()
  setInterval(tell, interval).unref()
}

/** Memory of the process: the sum over all threads. */
export class ProcessMemory {
  readonly #channel = new BroadcastChannel(CHANNEL)
  /** The last report of each loop. */
  readonly #others = new Map<number, Memory>()

  constructor() {
    this.#channel.onmessage = event => {
      const { index, memory } = (event as { data: { index: number; memory: Memory } }).data
      this.#others.set(index, memory)
    }
    this.#channel.unref()
  }

  now(): Memory & { rss: number } {
    const here = process.memoryUsage()
    const all: Memory[] = [here, ...this.#others.values()]
    const sum = (name: keyof Memory) => all.reduce((total, memory) => total + memory[name], 0)
    return {
      rss: here.rss,
      heapUsed: sum('heapUsed'),
      heapTotal: sum('heapTotal'),
      arrayBuffers: sum('arrayBuffers'),
    }
  }

  close(): void {
    this.#channel.close()
  }
}
