import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Address, Out, Sending, Server } from '../events.js'
import { beforeEnd, type Leavable, type Leave, leaveBehind } from '../leaving.js'

/** What the methods about one connection are asked of, where that is translated. */
export interface Translated {
  readonly pending: number
  wake(): boolean
  send(out: Out, then?: Action | Sending): boolean
  pause(paused: boolean): boolean
}

/** A server as the handlers of translated connections see it: plain bytes, whatever goes over the wire. */
export class LayeredServer implements Server, Leavable {
  readonly #server: Server
  readonly #find: (id: number) => Translated | undefined

  constructor(server: Server, find: (id: number) => Translated | undefined) {
    this.#server = server
    this.#find = find
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
    return this.#find(id)?.pending ?? this.#server.pending(id)
  }

  wake(id: number): boolean {
    return this.#find(id)?.wake() ?? this.#server.wake(id)
  }

  send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#find(id)?.send(out, then) ?? this.#server.send(id, out, then)
  }

  dial(address: string, options?: { timeout?: number }): number {
    return this.#server.dial(address, options)
  }

  attach(socket: net.Socket): number {
    return this.#server.attach(socket)
  }

  pause(id: number): boolean {
    return this.#find(id)?.pause(true) ?? this.#server.pause(id)
  }

  resume(id: number): boolean {
    return this.#find(id)?.pause(false) ?? this.#server.resume(id)
  }

  shutdown(options: { timeout?: number } = {}): void {
    this.#server.shutdown(options)
  }

  /** For a layer above this one. */
  [beforeEnd](leave: Leave): void {
    leaveBehind(this.#server, leave)
  }
}
