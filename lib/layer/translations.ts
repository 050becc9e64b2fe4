import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { Action } from '../action.js'
import { asError, RevioError } from '../errors.js'
import type { Handlers as Events, Info, Opening, Reply, Server } from '../events.js'
import { leaveBehind } from '../loop/drain.js'
import { asAction } from '../loop/reply.js'
import type { Layer } from './codec.js'
import { LayeredServer } from './layered-server.js'
import { Translation } from './translation.js'

/** Whether a connection is translated, and with what. */
export type Should = (id: number, info: Info) => boolean
export type Wrap = (id: number, wire: Duplex, info: Info) => Layer

/** The connections of a loop that are translated, and the handlers that the loop is given for those of the program. */
export class Translations<Context> {
  readonly #events: Events<Context>
  readonly #should: Should
  readonly #wrap: Wrap
  readonly #open = new Map<number, Translation<Context>>()
  #server: Server | undefined
  /** Connections that a handler's throw is going to close, where the program has no `closed` to be told. */
  readonly #threw = new Set<number>()

  constructor(events: Events<Context>, should: Should, wrap: Wrap) {
    this.#events = events
    this.#should = should
    this.#wrap = wrap
  }

  /** Those that the program does not have stay absent where that makes a difference to the loop. */
  handlers(): Events<Context> {
    const events = this.#events
    const { detached, prewrite, postwrite, tick } = events
    return {
      serving: server => this.#serving(server),
      opened: (id, info) => this.#opened(id, info),
      data: (id, input, context) => this.#data(id, input, context),
      ended: (id, context) => this.#ended(id, context),
      sent: (id, token, error, context) => {
        const translation = this.#open.get(id)
        if (translation !== undefined) return translation.sent(token, error)
        return this.#act(id, 'sent', () => events.sent?.(id, token, error, context))
      },
      closed: (id, error, context) => this.#closed(id, error, context),
      ...(detached && { detached: (id, socket, context) => this.#detached(id, socket, context) }),
      ...(prewrite && {
        prewrite: (id, amount, context) =>
          this.#act(id, 'prewrite', () => events.prewrite?.(id, amount, context)),
      }),
      ...(postwrite && {
        postwrite: (id, amount, remaining, context) =>
          this.#act(id, 'postwrite', () => events.postwrite?.(id, amount, remaining, context)),
      }),
      ...(tick && { tick: () => events.tick?.() }),
    }
  }

  // The handlers. ///////////////////////////////////////////////////////////////////////////////////////////////////

  #serving(server: Server): Action | void {
    this.#server = server
    const find = (id: number) => this.#open.get(id)
    leaveBehind(server, id => find(id)?.leave())
    return this.#events.serving?.(new LayeredServer(server, find))
  }

  #opened(id: number, info: Info): Opening<Context> {
    if (info.closing || !this.#should(id, info)) {
      return this.#watch(id, () => this.#events.opened?.(id, info))
    }
    return this.#translate(id, info).opened(info)
  }

  #data(id: number, input: Buffer | null, context: Context): Reply | Promise<Reply> {
    const translation = this.#open.get(id)
    if (translation !== undefined) return translation.data(input)
    return this.#watch(id, () => this.#events.data?.(id, input, context))
  }

  #ended(id: number, context: Context): Reply | Promise<Reply> {
    const translation = this.#open.get(id)
    if (translation !== undefined) return translation.ended()
    if (this.#events.ended === undefined) return [undefined, Action.Close]
    return this.#watch(id, () => this.#events.ended?.(id, context))
  }

  #closed(id: number, error: Error | undefined, context: Context): Action | void {
    const translation = this.#open.get(id)
    this.#open.delete(id)
    const told = translation === undefined ? error : translation.closed(error)
    // With no `closed` to tell it to, what a handler threw is for the loop to warn of.
    if (this.#threw.delete(id) && error !== undefined) throw error
    return this.#events.closed?.(id, told, context)
  }

  #detached(id: number, socket: net.Socket, context: Context): Action | void {
    const translation = this.#open.get(id)
    this.#open.delete(id)
    this.#threw.delete(id)
    const given = translation?.detached(socket) ?? socket
    return this.#events.detached?.(id, given, context)
  }

  /** A handler that answers with an action alone. */
  #act(id: number, handler: string, call: () => Action | void): Action | void {
    const action = asAction(this.#watch(id, call), handler)
    const translation = this.#open.get(id)
    if (translation === undefined || action === Action.Shutdown) return action
    translation.act(action)
  }

  /** Remembers a connection whose handler throws, where the program has no `closed`. */
  #watch<T>(id: number, call: () => T): T {
    if (this.#events.closed !== undefined) return call()
    try {
      const returned = call()
      if (returned instanceof Promise) returned.catch(() => this.#threw.add(id))
      return returned
    } catch (thrown) {
      this.#threw.add(id)
      throw thrown
    }
  }

  // Layers. /////////////////////////////////////////////////////////////////////////////////////////////////////////

  #translate(id: number, info: Info): Translation<Context> {
    if (this.#server === undefined) throw new Error('there is no loop yet')
    if (info.localAddress.network.startsWith('udp')) {
      throw new RevioError('ERR_UNSUPPORTED', `connection ${id}: datagrams are no stream to be translated`)
    }
    const translation: Translation<Context> = new Translation({
      id,
      events: this.#events,
      server: this.#server,
      wrap: wire => this.#wrap(id, wire, info),
      watch: call => this.#watch(id, call),
      warn: thrown => process.emitWarning(asError(thrown)),
    })
    this.#open.set(id, translation)
    return translation
  }
}
