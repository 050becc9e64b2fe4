import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Address, Out, Sending, Server } from '../events.js'
import type { Transport } from '../transport/transport.js'
import { beforeEnd, type Leavable, type Leave } from './drain.js'
import type { Loop } from './loop.js'

/** A loop, as the program sees it. */
export class LoopServer<Context> implements Server, Leavable {
  readonly addresses: readonly Address[]
  readonly transport: Transport['name']
  readonly transportError: Error | undefined
  readonly #loop: Loop<Context>

  constructor(
    loop: Loop<Context>,
    addresses: readonly Address[],
    chosen: { transport: Transport['name']; transportError: Error | undefined },
  ) {
    this.#loop = loop
    this.addresses = addresses
    this.transport = chosen.transport
    this.transportError = chosen.transportError
  }

  get connections(): number {
    return this.#loop.connections
  }

  pending(id: number): number {
    return this.#loop.pending(id)
  }

  wake(id: number): boolean {
    return this.#loop.wake(id)
  }

  send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#loop.send(id, out, then)
  }

  dial(address: string, options: { timeout?: number } = {}): number {
    return this.#loop.dial(address, options)
  }

  attach(socket: net.Socket): number {
    return this.#loop.attach(socket)
  }

  pause(id: number): boolean {
    return this.#loop.pause(id, true)
  }

  resume(id: number): boolean {
    return this.#loop.pause(id, false)
  }

  shutdown(options: { timeout?: number } = {}): void {
    this.#loop.shutdown(options)
  }

  [beforeEnd](leave: Leave): void {
    this.#loop.beforeEnd(leave)
  }
}
