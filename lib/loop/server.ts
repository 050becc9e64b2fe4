import type * as net from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { Action } from '../action.js'
import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
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
import { show } from '../show.js'
import type { Stats } from '../stats.js'
import type { TlsServerOptions, TlsUpgradeOptions } from '../tls.js'
import type { ServerSecurity } from '../transport/security.js'
import type { Transport } from '../transport/transport.js'
import { moment } from './clock.js'
import type { Connection } from './connection.js'
import { type Bound, securityOf } from './endpoint.js'
import { checkHandlers } from './handlers.js'
import type { Loop } from './loop.js'
import { asOut, asSending, releaseFiles } from './reply.js'
import { checkGrace, DEFAULT_TIMEOUT } from './shutdown.js'
import { Inbound, Life } from './state.js'

/** The program's view of a loop. */
export class LoopServer implements Server {
  readonly addresses: readonly Address[]
  readonly transport: Transport['name']
  readonly transportError: Error | undefined
  readonly #loop: Loop
  readonly #bound: readonly Bound[]
  /** Of each address, currently. */
  readonly #securities: (ServerSecurity | undefined)[]

  constructor(
    loop: Loop,
    bound: readonly Bound[],
    chosen: { transport: Transport['name']; transportError: Error | undefined },
  ) {
    this.#loop = loop
    this.addresses = bound.map(({ address }) => address)
    this.#bound = bound
    this.#securities = bound.map(({ security }) => security)
    this.transport = chosen.transport
    this.transportError = chosen.transportError
  }

  get connections(): number {
    return this.#loop.table.connections.size
  }

  get index(): number {
    return this.#loop.mailbox.index
  }

  get loops(): number {
    return this.#loop.mailbox.loops
  }

  get now(): number {
    return this.#loop.clock.now()
  }

  info(id: number): Info | undefined {
    return this.#loop.table.get(id)?.info
  }

  pending(id: number): number {
    const connection = this.#loop.table.get(id)
    return connection === undefined ? 0 : connection.unsent + connection.unconfirmed
  }

  send(id: number, given: Out, then?: Action | Sending): boolean {
    const out = asOut(given, 'send')
    const { action = Action.None, token, shared } = asSending(then)
    const { table, output, closer } = this.#loop
    // A closing connection can still be reset.
    const connection = action === Action.Reset ? table.get(id) : this.#open(id)
    if (connection === undefined) {
      releaseFiles(out)
      return false
    }
    if (shared) output.intake.share(connection, out)
    else output.intake.send(connection, out)
    // If output is no longer accepted, the action still takes effect: a connection that has ended its side can be
    // closed.
    const taken = connection.life === Life.Open && connection.takesOutput
    if (taken && token !== undefined) output.track(connection, token)
    closer.actLater(connection, action)
    this.#loop.schedule()
    return taken
  }

  wake(id: number): boolean {
    const connection = this.#open(id)
    if (connection === undefined || connection.over) return false
    if (!connection.woken) connection.wokenLate = connection.inbound !== Inbound.Open
    connection.woken = true
    connection.revisit()
    return true
  }

  configure<Context>(id: number, options: Configuration<Context>): boolean {
    const connection = this.#open(id)
    if (connection === undefined) return false
    this.#loop.configurator.apply(connection, options as Configuration)
    return true
  }

  deadline(id: number, ms: number): boolean {
    if (!(typeof ms === 'number' && ms >= 0)) {
      const message = `deadline: expected a non-negative number of milliseconds; received ${show(ms)}`
      throw new RevioError('ERR_OPTION', message)
    }
    const connection = this.#open(id)
    if (connection === undefined) return false
    const expiresAt = this.#loop.clock.now() + ms
    connection.expiresAt = expiresAt === Number.POSITIVE_INFINITY ? undefined : moment(expiresAt)
    this.#loop.timeouts.watch(connection)
    return true
  }

  dial<Context>(address: string, options: DialOptions<Context> = {}): number {
    return this.#loop.dialer.dial(address, options as DialOptions<unknown>)
  }

  attach<Context>(socket: net.Socket, options: AttachOptions<Context> = {}): number {
    return this.#loop.dialer.attach(socket, options as AttachOptions<unknown>)
  }

  secure(id: number, tls: TlsUpgradeOptions): boolean {
    const connection = this.#open(id)
    if (connection === undefined || connection.inbound !== Inbound.Open || !connection.takesOutput)
      return false
    this.#loop.securer.secure(connection, tls)
    return true
  }

  setSecureContext(addressIndex: number, tls?: TlsServerOptions): void {
    const bound = Number.isInteger(addressIndex) ? this.#bound[addressIndex] : undefined
    if (bound?.security === undefined) {
      const what = bound === undefined ? 'no such address' : `"${bound.binding.text}" does not use TLS`
      throw new RevioError('ERR_OPTION', `setSecureContext: addressIndex ${show(addressIndex)}: ${what}`)
    }
    const { binding, endpoint, transport } = bound
    const security = securityOf(binding, endpoint.tls, this.#securities[addressIndex], tls)
    this.#securities[addressIndex] = security
    if (bound.proxyRule !== undefined) bound.proxyRule.security = security
    else if (security !== undefined) transport.resecure?.(addressIndex, security)
  }

  pause(id: number): boolean {
    return this.#pause(id, true)
  }

  resume(id: number): boolean {
    return this.#pause(id, false)
  }

  stats(options: { loop?: number } = {}): Stats {
    checkObject(options, 'stats')
    return this.#loop.counters.stats(options.loop)
  }

  post(message: unknown, options: Posting = {}): boolean {
    return this.#loop.mailbox.post(message, options)
  }

  port(): MessagePort {
    return this.#loop.mailbox.port()
  }

  async reload(events: Handlers<unknown>): Promise<void> {
    checkHandlers(events, 'reload')
    await this.#loop.reload(events)
  }

  get draining(): boolean {
    return this.#loop.draining
  }

  shutdown(options: { timeout?: number; grace?: number } = {}): void {
    checkObject(options, 'shutdown')
    const { timeout = DEFAULT_TIMEOUT, grace = 0 } = options
    checkGrace(grace)
    if (grace > 0) this.#loop.drain(timeout, grace)
    else this.#loop.end(timeout)
  }

  #pause(id: number, paused: boolean): boolean {
    const connection = this.#open(id)
    if (connection === undefined) return false
    connection.paused = paused
    connection.regulate()
    return true
  }

  #open(id: number): Connection | undefined {
    const connection = this.#loop.table.get(id)
    return connection?.life === Life.Open ? connection : undefined
  }
}
