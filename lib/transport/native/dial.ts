import type { Binding } from '../../address.js'
import { asError } from '../../errors.js'
import { resolveHost } from '../resolve.js'
import { isBacklogFull, Retry } from '../retry.js'
import type { Dialer } from '../transport.js'
import { systemError } from './addon.js'
import { NativeLink } from './link.js'
import type { NativeTransport } from './transport.js'

/** One connection that this side makes, until it is there or cannot be. */
export class NativeDial {
  readonly #transport: NativeTransport
  readonly #dialer: Dialer
  readonly #target: Binding
  #slot = -1
  #over = false
  readonly #retry = new Retry()

  constructor(transport: NativeTransport, target: Binding, dialer: Dialer) {
    this.#transport = transport
    this.#target = target
    this.#dialer = dialer
  }

  start(): void {
    const target = this.#target
    const { poller } = this.#transport
    if (target.scheme === 'unix') return this.#connect(() => poller.connectUnix(target.path))
    resolveHost(target).then(
      ([{ host, port }]) => this.#connect(() => poller.connect(host, port)),
      error => this.#fail(asError(error)),
    )
  }

  giveUp(): void {
    if (this.#over) return
    this.#over = true
    this.#retry.stop()
    this.#release()
  }

  /** The system has decided, inside a turn. */
  connected(fault: number): void {
    this.#settle(fault < 0 ? this.#error(fault) : undefined)
  }

  #settle(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    if (error !== undefined) {
      this.#release()
      return this.#dialer.failed(error)
    }
    this.#transport.forget(this.#slot)
    const link = new NativeLink(this.#transport, this.#slot)
    this.#transport.register(link)
    link.receiver = this.#dialer.connected(this.#transport, link)
  }

  #connect(connect: () => number): void {
    if (this.#over) return
    const slot = connect()
    if (slot < 0) {
      const error = this.#error(slot)
      if (isBacklogFull(this.#target, error)) this.#retry.again(() => this.#connect(connect))
      else this.#fail(error)
      return
    }
    this.#slot = slot
    this.#transport.expect(slot, this)
  }

  #error(fault: number): NodeJS.ErrnoException {
    return systemError(fault, ` ${this.#target.text}`)
  }

  /** In a turn of its own: the caller of `dial` does not have the id yet. */
  #fail(error: Error): void {
    setImmediate(() => this.#transport.host.turn(() => this.#settle(error)))
  }

  #release(): void {
    if (this.#slot < 0) return
    this.#transport.forget(this.#slot)
    this.#transport.poller.close(this.#slot, false)
  }
}
