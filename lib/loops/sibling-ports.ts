import type { MessagePort, Transferable } from 'node:worker_threads'
import type { Siblings } from '../loop/mailbox.js'

/** The other loops, each behind a port to its thread. */
export class SiblingPorts implements Siblings {
  readonly index: number
  readonly loops: number
  readonly #ports = new Map<number, MessagePort>()

  constructor(index: number, loops: number) {
    this.index = index
    this.loops = loops
  }

  /** Adds a loop, possibly replacing one that crashed; `deliver` receives its messages. */
  meet(index: number, port: MessagePort, deliver: (message: unknown, from: number) => void): void {
    this.#ports.get(index)?.close()
    this.#ports.set(index, port)
    port.on('message', message => deliver(message, index))
    port.on('close', () => {
      if (this.#ports.get(index) === port) this.#ports.delete(index)
    })
    port.unref()
  }

  post(to: number, message: unknown, transfer: readonly Transferable[]): boolean {
    const port = this.#ports.get(to)
    port?.postMessage(message, transfer)
    return port !== undefined
  }

  close(): void {
    for (const port of this.#ports.values()) port.close()
    this.#ports.clear()
  }
}
