import { type Binding, systemName } from '../../address.js'
import { asError } from '../../errors.js'
import { resolveHost } from '../resolve.js'
import { isBacklogFull, Retry } from '../retry.js'
import type { ClientSecurity } from '../security.js'
import type { Dialer, Host, Transport } from '../transport.js'
import { systemError } from './addon.js'
import { type LinkOwner, NativeLink } from './link.js'

/** What a dial needs of its transport. */
export interface DialOwner extends Transport, LinkOwner {
  readonly stage: LinkOwner['stage']
  readonly host: Host
  /** Delivers to a dial whether its slot connects. */
  expect(slot: number, dial: NativeDial): void
  /** Delivers to a link the events of its slot. */
  register(link: NativeLink): void
}

/** One outgoing connection, until it is established or fails. */
export class NativeDial {
  readonly #owner: DialOwner
  readonly #dialer: Dialer
  readonly #target: Binding
  readonly #security: ClientSecurity | undefined
  #slot = -1
  #link: NativeLink | undefined
  #over = false
  readonly #retry = new Retry()

  constructor(owner: DialOwner, target: Binding, dialer: Dialer, security?: ClientSecurity) {
    this.#owner = owner
    this.#target = target
    this.#dialer = dialer
    this.#security = security
  }

  start(): void {
    const target = this.#target
    const { poller } = this.#owner
    if (target.scheme === 'unix') return this.#connect(() => poller.connectUnix(systemName(target.path)))
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

  /** The OS reports the outcome. Called inside a turn. */
  connected(fault: number): void {
    if (fault < 0) return this.#settle(this.#error(fault))
    this.#owner.forget(this.#slot)
    this.#link = new NativeLink(this.#owner, this.#slot)
    this.#owner.register(this.#link)
    if (this.#security === undefined) return this.#settle(undefined)
    this.#owner.secure(this.#link, this.#security, [], {
      secured: () => this.#settle(undefined),
      failed: error => this.#settle(error),
    })
  }

  #settle(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    const link = this.#link
    if (error === undefined && link !== undefined) {
      return link.hears(this.#dialer.connected(this.#owner, link))
    }
    this.#release()
    this.#dialer.failed(error ?? new Error('there is no connection'))
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
    this.#owner.expect(slot, this)
  }

  #error(fault: number): NodeJS.ErrnoException {
    return systemError(fault, ` ${this.#target.text}`)
  }

  /** Fails in a later turn, because the caller of `dial` does not have the id yet. */
  #fail(error: Error): void {
    setImmediate(() => this.#owner.host.turn(() => this.#settle(error)))
  }

  #release(): void {
    if (this.#slot < 0) return
    if (this.#link !== undefined) return this.#link.close({ reset: false })
    this.#owner.forget(this.#slot)
    this.#owner.poller.close(this.#slot, false)
  }
}
