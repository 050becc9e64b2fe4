import type * as net from 'node:net'
import type { MessagePort } from 'node:worker_threads'
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
import type { Address, Info } from '../info.js'
import type { Stats } from '../stats.js'
import type { TlsServerOptions, TlsUpgradeOptions } from '../tls.js'

/** A server that forwards every call to another, as a base for those that change some calls. */
export class ForwardingServer implements Server {
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

  get now(): number {
    return this.#server.now
  }

  get index(): number {
    return this.#server.index
  }

  get loops(): number {
    return this.#server.loops
  }

  info(id: number): Info | undefined {
    return this.#server.info(id)
  }

  configure<Context>(id: number, options: Configuration<Context>): boolean {
    return this.#server.configure(id, options)
  }

  deadline(id: number, ms: number): boolean {
    return this.#server.deadline(id, ms)
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

  dial<Context>(address: string, options?: DialOptions<Context>): number {
    return this.#server.dial(address, options)
  }

  attach<Context>(socket: net.Socket, options?: AttachOptions<Context>): number {
    return this.#server.attach(socket, options)
  }

  secure(id: number, tls: TlsUpgradeOptions): boolean {
    return this.#server.secure(id, tls)
  }

  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void {
    this.#server.setSecureContext(addressIndex, tls)
  }

  pause(id: number): boolean {
    return this.#server.pause(id)
  }

  resume(id: number): boolean {
    return this.#server.resume(id)
  }

  stats(options?: { loop?: number }): Stats {
    return this.#server.stats(options)
  }

  post(message: unknown, options?: Posting): boolean {
    return this.#server.post(message, options)
  }

  port(): MessagePort {
    return this.#server.port()
  }

  reload(events: Handlers<unknown>): Promise<void> {
    return this.#server.reload(events)
  }

  get draining(): boolean {
    return this.#server.draining
  }

  shutdown(options?: { timeout?: number; grace?: number }): void {
    this.#server.shutdown(options)
  }
}
