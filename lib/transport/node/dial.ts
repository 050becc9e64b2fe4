import * as net from 'node:net'
import { type Binding, systemName } from '../../address.js'
import type { Endpoint } from '../resolve.js'
import { isBacklogFull, Retry } from '../retry.js'

/** Resolves a target to endpoints. */
export type Resolve = (target: Binding) => Promise<readonly [Endpoint, ...Endpoint[]]>

/** Receives the outcome: exactly one method is called, once. */
export interface NetDialer {
  connected(socket: net.Socket): void
  failed(error: Error): void
}

/** One outgoing connection, until it is established or fails. */
export class NetDial {
  readonly #target: Binding
  readonly #dialer: NetDialer
  readonly #retry = new Retry()
  #socket: net.Socket | undefined
  #over = false

  constructor(target: Binding, dialer: NetDialer) {
    this.#target = target
    this.#dialer = dialer
  }

  start(resolve: Resolve): void {
    const target = this.#target
    if (target.scheme === 'unix') this.#connect({ path: systemName(target.path) })
    else resolve(target).then(([{ host, port }]) => this.#connect({ host, port }), this.#failed)
  }

  giveUp(): void {
    this.#over = true
    this.#retry.stop()
    this.#socket?.destroy()
  }

  #connect(options: net.NetConnectOpts): void {
    if (this.#over) return
    const socket = net.connect({ ...options, allowHalfOpen: true })
    this.#socket = socket
    socket.setNoDelay(true)
    const failed = (error: Error) => {
      if (isBacklogFull(this.#target, error)) this.#retry.again(() => this.#connect(options))
      else this.#failed(error)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      if (this.#over) return
      this.#over = true
      socket.removeListener('error', failed)
      this.#dialer.connected(socket)
    })
  }

  readonly #failed = (error: Error): void => {
    if (this.#over) return
    this.#over = true
    this.#dialer.failed(error)
  }
}
