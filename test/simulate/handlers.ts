import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Action, Events, Info, Opening, Reply, Server, Tick } from 'revio'
import type { Reaction } from './plan.js'
import type { Event } from './rule.js'
import type { Story } from './story.js'
import type { World } from './world.js'

const ECHO: Reaction = { out: { kind: 'echo' } }
const NOTHING: Reaction = {}

/** The program of a plan: its handlers report their calls to the world, and do what the plan says. */
export class Handlers {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** The handlers that the plan's program has. */
  events(): Events<unknown> {
    const has = this.#world.plan.handlers
    return {
      ...(has.serving && { serving: server => this.#serving(server) }),
      ...(has.opened && { opened: (id: number, info: Info) => this.#opened(id, info) }),
      ...(has.data && {
        data: (id: number, input: Buffer | null, context: unknown) => this.#data(id, input, context),
      }),
      ...(has.ended && { ended: (id: number, context: unknown) => this.#ended(id, context) }),
      ...(has.closed && {
        closed: (id: number, error: Error | undefined, context: unknown) => this.#closed(id, error, context),
      }),
      ...(has.detached && { detached: this.#detached.bind(this) }),
      ...(has.prewrite && {
        prewrite: (id: number, amount: number, context: unknown) => this.#prewrite(id, amount, context),
      }),
      ...(has.postwrite && { postwrite: this.#postwrite.bind(this) }),
      ...(has.sent && { sent: this.#sent.bind(this) }),
      ...(has.tick && { tick: () => this.#tick() }),
    }
  }

  #serving(server: Server): Action | void {
    const world = this.#world
    world.met(server)
    world.note('serving')
    return world.handler(this.#event('serving', 0), () => {
      world.served = true
      if (world.plan.serving.fault) this.#fatal()
      return this.#loopWide(world.plan.serving)
    })
  }

  #tick(): Tick {
    const world = this.#world
    const event = this.#event('tick', 0)
    return world.handler(event, () => {
      const reaction = world.plan.ticks[world.tick.calls]
      world.tick = { calls: world.tick.calls + 1, dueAt: undefined }
      world.note('tick', reaction)
      if (reaction?.fault) this.#fatal()
      if (reaction?.delay === undefined) return
      world.act(undefined, reaction.action)
      world.tick.dueAt = world.now + Math.max(1, reaction.delay)
      return reaction.action === undefined ? [reaction.delay] : [reaction.delay, reaction.action]
    })
  }

  #opened(id: number, info: Info): Opening<unknown> {
    const world = this.#world
    const event = { ...this.#event('opened', id), info, story: world.storyBy(id, info) }
    const { story } = event
    world.note(
      'opened',
      id,
      story === undefined ? '?' : `peer ${story.number}`,
      info.closing ? 'closing' : '',
    )
    return world.handler(event, () => {
      if (story === undefined) return
      story.id = id
      story.opened = true
      story.stillborn = info.closing
      world.lastId = Math.max(world.lastId, id)
      story.byteAt = world.now
      story.progressAt = world.now
      const { opened, options } = story.script
      const reply = this.#react(story, opened, undefined, 'opening') as
        | readonly [unknown, Action?]
        | undefined
      story.limit(options)
      world.wakes(story, 'opened')
      const [out, action] = reply ?? []
      story.context = story
      return [out, { ...options, context: story }, action] as Opening<unknown>
    })
  }

  #data(id: number, input: Buffer | null, context: unknown): Reply | Promise<Reply> {
    const world = this.#world
    const event = { ...this.#event('data', id), input, context }
    const { story } = event
    world.note('data', id, input === null ? 'null' : `${input.length} bytes`)
    return world.handler(event, () => {
      if (story === undefined) return
      const reaction = this.#next(story, 'data') ?? (input === null ? NOTHING : ECHO)
      story.turn.events += 1
      story.turn.bytes += input?.length ?? 0
      if (input === null && world.quiet && story.doomed) story.vain += 1
      if (input === null) story.woken = false
      else this.#took(story, input, reaction)
      world.wakes(story, 'data')
      if (story.script.congested && world.unsent(story)) world.call({ call: 'pause', peer: story.number })
      return this.#reply(story, reaction, input)
    })
  }

  #ended(id: number, context: unknown): Reply | Promise<Reply> {
    const event = { ...this.#event('ended', id), context }
    const { story } = event
    this.#world.note('ended', id)
    return this.#world.handler(event, () => {
      if (story === undefined) return
      story.endTold = true
      this.#world.wakes(story, 'ended')
      return this.#reply(story, story.script.ended, undefined)
    })
  }

  #reply(story: Story, reaction: Reaction, input: Buffer | null | undefined): Reply | Promise<Reply> {
    if (!reaction.promised) return this.#react(story, reaction, input, 'reply') as Reply
    for (const call of reaction.calls ?? []) this.#world.call(call)
    return new Promise((resolve, reject) => {
      story.promises.push({ reaction, resolve: resolve as (reply: unknown) => void, reject })
    })
  }

  #took(story: Story, input: Buffer, reaction: Reaction): void {
    const owned = story.limits.reuseInputBuffer === false
    if (owned && reaction.out?.kind !== 'echo') story.kept.push({ input, at: story.delivered })
    if (owned && reaction.out?.kind === 'echo') this.#world.output.lend(input)
    story.delivered += input.length
    story.byteAt = this.#world.now
  }

  #prewrite(id: number, amount: number, context: unknown): Action | void {
    const event = { ...this.#event('prewrite', id), amount, context }
    const { story } = event
    this.#world.note('prewrite', id, amount)
    return this.#world.handler(event, () => {
      if (story === undefined) return
      story.attempt = amount
      story.attemptedAt = this.#world.now
      this.#world.wakes(story, 'prewrite')
      return this.#react(story, this.#next(story, 'prewrite'), undefined, 'action') as Action | void
    })
  }

  #postwrite(id: number, amount: number, remaining: number, context: unknown): Action | void {
    const world = this.#world
    const event = { ...this.#event('postwrite', id), amount, remaining, context }
    const { story } = event
    world.note('postwrite', id, amount, remaining)
    return world.handler(event, () => {
      if (story === undefined) return
      story.attempt = undefined
      story.taken += amount
      story.remaining = remaining
      if (amount > 0) story.byteAt = story.progressAt = world.now
      world.wakes(story, 'postwrite')
      if (story.script.congested && remaining === 0) world.call({ call: 'resume', peer: story.number })
      return this.#react(story, this.#next(story, 'postwrite'), undefined, 'action') as Action | void
    })
  }

  #sent(id: number, token: unknown, error: Error | undefined, context: unknown): Action | void {
    const event = { ...this.#event('sent', id), token, error, context }
    const { story } = event
    this.#world.note('sent', id, token, error === undefined ? '' : String(error))
    return this.#world.handler(event, () => {
      if (story === undefined) return
      const told = story.tokens.splice(0, 1 + story.tokens.findIndex(waiting => waiting.token === token))
      if (told.at(-1)?.certain) story.tokenError ??= error
      this.#world.wakes(story, 'sent')
      const reaction = this.#next(story, 'sent')
      if (error !== undefined && reaction?.fault) this.#fault(story.excused)
      return this.#react(story, reaction, undefined, 'action') as Action | void
    })
  }

  #closed(id: number, error: Error | undefined, context: unknown): Action | void {
    const world = this.#world
    const event = { ...this.#event('closed', id), error, context }
    const { story } = event
    world.note('closed', id, error === undefined ? '' : String(error))
    return world.handler(event, () => {
      if (story === undefined) return
      story.over = { how: 'closed', error, at: world.now }
      story.promisedAtEnd = story.busy
      return this.#loopWide(story.script.closed)
    })
  }

  #detached(id: number, socket: Socket, context: unknown): Action | void {
    const world = this.#world
    const event = { ...this.#event('detached', id), context }
    const { story } = event
    world.note('detached', id)
    return world.handler(event, () => {
      if (story === undefined) return
      story.over = { how: 'detached', error: undefined, at: world.now }
      story.socket = socket
      const action = this.#loopWide(story.script.detached)
      if (world.stories[story.number] === story) this.#adopt(story, socket)
      return action
    })
  }

  /** The new owner sends something, reads the input, and ends when the peer has. */
  #adopt(story: Story, socket: Socket): void {
    socket.on('data', (chunk: Buffer) => story.socketRead.push(chunk))
    socket.on('error', () => {})
    if (story.outputEnded) return
    const { bytes } = this.#world.output.make({ kind: 'bytes', size: 20 }, undefined)
    socket.write(Buffer.from(bytes))
    story.give(bytes, true, this.#world.now)
  }

  #event(name: Event['name'], id: number): Event {
    const story = id === 0 ? undefined : this.#world.storyOf(id)
    return { name, id, story, at: this.#world.now }
  }

  #loopWide(reaction: Reaction): Action | void {
    for (const call of reaction.calls ?? []) this.#world.call(call)
    if (reaction.fault) this.#fault([])
    this.#world.act(undefined, reaction.action)
    return reaction.action
  }

  /** The plan's reaction to this call of a handler. */
  #next(story: Story, name: keyof Story['calls']): Reaction | undefined {
    const reaction = story.script[name][story.calls[name]]
    story.calls[name] += 1
    return reaction
  }

  /** What a connection's handler does and returns. */
  #react(
    story: Story,
    reaction: Reaction | undefined,
    input: Buffer | null | undefined,
    form: 'opening' | 'reply' | 'action',
  ): unknown {
    if (reaction === undefined) return undefined
    const world = this.#world
    const { calls = [], fault, action } = reaction
    for (const call of calls) world.call(call)
    if (fault) this.#fault(story.thrown)
    world.act(story, action)
    return form === 'action' ? action : world.reply(story, reaction, input, form === 'reply')
  }

  /** Thrown where it ends the loop. */
  #fatal(): never {
    const world = this.#world
    world.effect(() => world.shut(1000))
    world.failure ??= new Error('planned failure')
    throw world.failure
  }

  #fault(thrown: unknown[]): never {
    const fault = new Error(`planned fault ${this.#world.faults.length + 1}`)
    this.#world.faults.push(fault)
    thrown.push(fault)
    throw fault
  }
}
