import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Address, Out, Sending, Server } from '../events.js'
import { beforeEnd, type Leavable, type Leave, leaveBehind } from './drain.js'

/** A server that passes every call on to another, for those that change some of them on the way. */
export class ForwardingServer implements Server, Leavable {
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
  }

  get addresses(): readonly Address[] {
    return this.#server.addresses
  }

  get connections(): number {
    return this.#server.connections
  }

  get transport(): Server['transport'] {
    return this.#server.transport
  }

  get transportError(): Error | undefined {
    return this.#server.transportError
  }

  pending(id: number): number {
    return this.#server.pending(id)
  }

  wake(id: number): boolean {
    return this.#server.wake(id)
  }

  send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#server.send(id, out, then)
  }

  dial(address: string, options?: { timeout?: number }): number {
    return this.#server.dial(address, options)
  }

  attach(socket: net.Socket): number {
    return this.#server.attach(socket)
  }

  pause(id: number): boolean {
    return this.#server.pause(id)
  }

  resume(id: number): boolean {
    return this.#server.resume(id)
  }

  shutdown(options?: { timeout?: number }): void {
    this.#server.shutdown(options)
  }

  [beforeEnd](leave: Leave): void {
    leaveBehind(this.#server, leave)
  }
}
