import type * as net from 'node:net'
import type { Action } from '../action.js'
import type { Out, Sending, Server } from '../events.js'
import { ForwardingServer } from '../loop/forwarding-server.js'
import type { Schedule } from './network/schedule.js'

/** The server of a simulated loop: when a call from outside a handler returns, its consequences have happened. */
export class SimulatedServer extends ForwardingServer {
  readonly #schedule: Schedule

  constructor(server: Server, schedule: Schedule) {
    super(server)
    this.#schedule = schedule
  }

  override wake(id: number): boolean {
    return this.#followed(super.wake(id))
  }

  override send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#followed(super.send(id, out, then))
  }

  override dial(address: string, options?: { timeout?: number }): number {
    return this.#followed(super.dial(address, options))
  }

  override attach(socket: net.Socket): number {
    return this.#followed(super.attach(socket))
  }

  override pause(id: number): boolean {
    return this.#followed(super.pause(id))
  }

  override resume(id: number): boolean {
    return this.#followed(super.resume(id))
  }

  override shutdown(options?: { timeout?: number }): void {
    this.#followed(super.shutdown(options))
  }

  #followed<T>(answer: T): T {
    this.#schedule.follow()
    return answer
  }
}
