import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Address, Out, Sending, Server } from '../events.js'
import type { Schedule } from '../transport/memory-schedule.js'

/** The server of a simulated loop: when a call from outside a handler returns, its consequences have happened. */
export class SimulatedServer implements Server {
  readonly #server: Server
  readonly #schedule: Schedule

  constructor(server: Server, schedule: Schedule) {
    this.#server = server
    this.#schedule = schedule
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
    return this.#followed(this.#server.wake(id))
  }

  send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#followed(this.#server.send(id, out, then))
  }

  dial(address: string, options?: { timeout?: number }): number {
    return this.#followed(this.#server.dial(address, options))
  }

  attach(socket: net.Socket): number {
    return this.#followed(this.#server.attach(socket))
  }

  pause(id: number): boolean {
    return this.#followed(this.#server.pause(id))
  }

  resume(id: number): boolean {
    return this.#followed(this.#server.resume(id))
  }

  shutdown(options?: { timeout?: number }): void {
    this.#followed(this.#server.shutdown(options))
  }

  #followed<T>(answer: T): T {
    this.#schedule.follow()
    return answer
  }
}
