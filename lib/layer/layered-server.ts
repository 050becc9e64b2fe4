import type { Action } from '../action.js'
import type { Out, Sending, Server } from '../events.js'
import { ForwardingServer } from '../loop/forwarding-server.js'

/** What the methods about one connection are asked of, where that is translated. */
export interface Translated {
  readonly pending: number
  wake(): boolean
  send(out: Out, then?: Action | Sending): boolean
  pause(paused: boolean): boolean
}

/** A server as the handlers of translated connections see it: plain bytes, whatever goes over the wire. */
export class LayeredServer extends ForwardingServer {
  readonly #find: (id: number) => Translated | undefined

  constructor(server: Server, find: (id: number) => Translated | undefined) {
    super(server)
    this.#find = find
  }

  override pending(id: number): number {
    return this.#find(id)?.pending ?? super.pending(id)
  }

  override wake(id: number): boolean {
    return this.#find(id)?.wake() ?? super.wake(id)
  }

  override send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#find(id)?.send(out, then) ?? super.send(id, out, then)
  }

  override pause(id: number): boolean {
    return this.#find(id)?.pause(true) ?? super.pause(id)
  }

  override resume(id: number): boolean {
    return this.#find(id)?.pause(false) ?? super.resume(id)
  }
}
