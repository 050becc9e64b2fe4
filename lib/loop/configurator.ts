import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Configuration, Handlers } from '../events.js'
import { type Clock, moment } from './clock.js'
import type { Connection } from './connection.js'
import { checkHandlers } from './handlers.js'
import { type Limits, limitsOf, type ReadOptions, readOptions } from './limits.js'
import type { Timeouts } from './timeouts.js'

/** What the configurator needs from its loop. */
export interface ConfiguratorOptions {
  readonly clock: Clock
  readonly timeouts: Timeouts
  /** Runs `serving` of handlers that the loop does not know yet. */
  readonly introduce: (handlers: Handlers<unknown>) => void
}

/** Changes a connection's options or handlers. */
export class Configurator {
  readonly #options: ConfiguratorOptions

  constructor(options: ConfiguratorOptions) {
    this.#options = options
  }

  /** @throws `ERR_OPTION` for an invalid option; nothing changes. */
  apply(connection: Connection, given: Configuration): void {
    const options = readOptions(given)
    const limits = limitsOf(options, connection.limits)
    if (options.handlers !== undefined) this.#switch(connection, options)
    else if (options.input !== undefined) {
      throw new RevioError('ERR_OPTION', 'option input: requires option handlers')
    } else if (options.hasContext) connection.context = options.context
    this.#startCounting(connection, limits)
    connection.limits = limits
    if (options.paused !== undefined) connection.paused = options.paused
    connection.link.tune(options)
    connection.regulate()
    this.#options.timeouts.watch(connection)
  }

  /** Silence is tracked only while a timeout is set: a new one starts now. */
  #startCounting(connection: Connection, { idleTimeout, readTimeout }: Limits): void {
    const { limits: before } = connection
    const idle = before.idleTimeout === 0 && idleTimeout > 0
    const read = before.idleTimeout === 0 && before.readTimeout === 0 && readTimeout > 0
    if (!idle && !read) return
    const now = moment(this.#options.clock.now())
    if (idle) connection.touched = now
    if (read) connection.heard = now
  }

  #switch(connection: Connection, { handlers, context, input }: ReadOptions): void {
    checkHandlers(handlers, 'option handlers')
    if (input !== undefined && !isBytes(input)) {
      throw new RevioError('ERR_OPTION', 'option input: expected a Uint8Array')
    }
    this.#options.introduce(handlers)
    connection.follow(handlers)
    connection.context = context
    // A copy: the loop may reuse the input's memory when the handler returns.
    if (input !== undefined && input.length > 0) {
      connection.held = [Buffer.from(input), ...(connection.held ?? [])]
    }
  }
}
