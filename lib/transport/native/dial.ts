import type { Binding } from '../../address.js'
import { asError } from '../../errors.js'
import { resolveHost } from '../resolve.js'
import type { Dialer } from '../transport.js'
import { systemError } from './addon.js'
import { NativeLink } from './link.js'
import type { NativeTransport } from './transport.js'

/** One connection that this side makes, until it is there or cannot be. */
export class NativeDial {
  readonly #transport: NativeTransport
  readonly #dialer: Dialer
  #target = ''
  #slot = -1
  #over = false

  constructor(transport: NativeTransport, dialer: Dialer) {
    this.#transport = transport
    this.#dialer = dialer
  }

  start(target: Binding): void {
    this.#target = target.text
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
    this.#release()
  }

  /** The outcome, inside a turn. */
  settle(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    if (error !== undefined) {
      this.#release()
      return this.#dialer.failed(error)
    }
    this.#transport.forget(this.#slot)
    const link = new NativeLink(this.#transport, this.#slot)
    this.#transport.adopt(link)
    link.receiver = this.#dialer.connected(this.#transport, link)
  }

  #connect(connect: () => number): void {
    if (this.#over) return
    const slot = connect()
    if (slot < 0) return this.#fail(systemError(slot, ` ${this.#target}`))
    this.#slot = slot
    this.#transport.expect(slot, this)
  }

  /** In a turn of its own: the caller of `dial` does not have the id yet. */
  #fail(error: Error): void {
    setImmediate(() => this.#transport.host.turn(() => this.settle(error)))
  }

  #release(): void {
    if (this.#slot < 0) return
    this.#transport.forget(this.#slot)
    this.#transport.poller.close(this.#slot, false)
  }
}
