import type { Buffer } from 'node:buffer'
import type * as net from 'node:net'
import type { Duplex } from 'node:stream'
import { Action } from '../action.js'
import { asError, RevioError } from '../errors.js'
import type { Events, Info, Opening, Reply, Server } from '../events.js'
import { asAction, isPromise } from '../reply.js'
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
  /** Are yet to tell the loop that there is something to wait for, and what ends it then. */
  readonly #leaving = new Set<Translation<Context>>()
  #stop: (() => void) | undefined

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
      ...(tick && {
        tick: () => {
          const ticked = events.tick?.()
          if (ticked?.[1] !== Action.Shutdown) return ticked
          this.#shutdown({})
          return [ticked[0]]
        },
      }),
    }
  }

  // The handlers. ///////////////////////////////////////////////////////////////////////////////////////////////////

  #serving(server: Server): Action | void {
    this.#server = server
    const find = (id: number) => this.#open.get(id)
    return this.#events.serving?.(new LayeredServer(server, find, options => this.#shutdown(options)))
  }

  #opened(id: number, info: Info): Opening<Context> {
    if (info.closing || !this.#should(id, info)) {
      const opening = this.#watch(id, () => this.#events.opened?.(id, info))
      if (opening?.[2] !== Action.Shutdown) return opening
      this.#shutdown({})
      return [opening[0], opening[1] ?? {}]
    }
    return this.#translate(id, info).opened(info)
  }

  #data(id: number, input: Buffer | null, context: Context): Reply | Promise<Reply> {
    const translation = this.#open.get(id)
    if (translation !== undefined) return translation.data(input)
    return this.#reply(this.#watch(id, () => this.#events.data?.(id, input, context)))
  }

  #ended(id: number, context: Context): Reply | Promise<Reply> {
    const translation = this.#open.get(id)
    if (translation !== undefined) return translation.ended()
    if (this.#events.ended === undefined) return [undefined, Action.Close]
    return this.#reply(this.#watch(id, () => this.#events.ended?.(id, context)))
  }

  #closed(id: number, error: Error | undefined, context: Context): void {
    const translation = this.#open.get(id)
    this.#open.delete(id)
    const told = translation === undefined ? error : translation.closed(error)
    const action = asAction(this.#events.closed?.(id, told, context), 'closed')
    if (action === Action.Shutdown) this.#shutdown({})
    // With no `closed` to tell it to, what a handler threw is for the loop to warn of.
    if (this.#threw.delete(id) && error !== undefined) throw error
  }

  #detached(id: number, socket: net.Socket, context: Context): Action | void {
    const translation = this.#open.get(id)
    this.#open.delete(id)
    this.#threw.delete(id)
    const given = translation?.detached(socket) ?? socket
    const action = asAction(this.#events.detached?.(id, given, context), 'detached')
    if (action === Action.Shutdown) this.#shutdown({})
  }

  /** A handler that answers with an action alone. */
  #act(id: number, handler: string, call: () => Action | void): Action | void {
    const action = asAction(this.#watch(id, call), handler)
    if (action === Action.Shutdown) return this.#shutdown({})
    const translation = this.#open.get(id)
    if (translation === undefined) return action
    translation.act(action)
  }

  #reply(reply: Reply | Promise<Reply>): Reply | Promise<Reply> {
    if (isPromise(reply)) return reply.then(kept => this.#reply(kept))
    if (reply?.[1] !== Action.Shutdown) return reply
    this.#shutdown({})
    return [reply[0], Action.None, reply[2]]
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
      shutdown: () => this.#shutdown({}),
      left: () => this.#left(translation),
    })
    this.#open.set(id, translation)
    return translation
  }

  /** Ends the loop once that knows of all output that has not come to the wire. */
  #shutdown(options: { timeout?: number }): void {
    const { timeout = 0 } = options
    if (this.#server === undefined || this.#stop !== undefined) return
    const server = this.#server
    if (!(timeout >= 0)) return server.shutdown(options)
    this.#stop = () => server.shutdown(options)
    for (const translation of this.#open.values()) {
      this.#leaving.add(translation)
      if (translation.leave()) this.#leaving.delete(translation)
    }
    if (this.#leaving.size === 0) this.#stop()
  }

  #left(translation: Translation<Context>): void {
    if (this.#leaving.delete(translation) && this.#leaving.size === 0) this.#stop?.()
  }
}
