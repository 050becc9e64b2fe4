import type * as net from 'node:net'
import type { Action } from '../action.js'
import type {
  AttachOptions,
  Configuration,
  DialOptions,
  Handlers,
  Out,
  Posting,
  Sending,
  Server,
} from '../events.js'
import { ForwardingServer } from '../loop/forwarding-server.js'
import type { TlsUpgradeOptions } from '../tls.js'

/** The server of a simulated loop: a call from outside a handler returns after its effects have happened. */
export class SimulatedServer extends ForwardingServer {
  readonly #follow: () => void

  /** @param follow - Performs everything that a call leads to. */
  constructor(server: Server, follow: () => void) {
    super(server)
    this.#follow = follow
  }

  override wake(id: number): boolean {
    return this.#followed(super.wake(id))
  }

  override send(id: number, out: Out, then?: Action | Sending): boolean {
    return this.#followed(super.send(id, out, then))
  }

  override configure<Context>(id: number, options: Configuration<Context>): boolean {
    return this.#followed(super.configure(id, options))
  }

  override dial<Context>(address: string, options?: DialOptions<Context>): number {
    return this.#followed(super.dial(address, options))
  }

  override attach<Context>(socket: net.Socket, options?: AttachOptions<Context>): number {
    return this.#followed(super.attach(socket, options))
  }

  override secure(id: number, tls: TlsUpgradeOptions): boolean {
    return this.#followed(super.secure(id, tls))
  }

  override pause(id: number): boolean {
    return this.#followed(super.pause(id))
  }

  override resume(id: number): boolean {
    return this.#followed(super.resume(id))
  }

  override post(message: unknown, options?: Posting): boolean {
    return this.#followed(super.post(message, options))
  }

  override reload(events: Handlers<unknown>): Promise<void> {
    return this.#followed(super.reload(events))
  }

  override shutdown(options?: { timeout?: number; grace?: number }): void {
    this.#followed(super.shutdown(options))
  }

  #followed<T>(answer: T): T {
    this.#follow()
    return answer
  }
}
