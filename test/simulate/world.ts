import type { Buffer } from 'node:buffer'
import { Action, type Events, type Info, type Server, translate } from 'revio'
import { type Simulation, simulate } from 'revio/testing'
import { Caller } from './caller.js'
import { Handlers } from './handlers.js'
import { LayerMaker } from './layer.js'
import { Output } from './output.js'
import type { Call, HandlerName, Plan, Reaction } from './plan.js'
import type { Event, Rule } from './rule.js'
import { rules } from './rules/all.js'
import { Story } from './story.js'

/** A violated rule. */
export interface Violation {
  readonly rule: string
  readonly what: string
}

/** A simulation and its facts. Rules check each event before the facts include it. */
export class World {
  readonly plan: Plan
  /** By peer number. */
  readonly stories: Story[]
  readonly output: Output
  readonly simulation: Simulation
  #server: Server | undefined
  /** What happened, one entry an event; for humans. */
  readonly history: (readonly [at: number, ...what: unknown[]])[] = []
  /** All errors thrown by handlers. */
  readonly faults: unknown[] = []
  violation: Violation | undefined
  /** How many handlers are running. */
  depth = 0
  /** The handlers called. */
  events = 0
  served = false
  /** What `serving` or `tick` threw. */
  failure: unknown
  shutdown: { readonly at: number; readonly timeout: number } | undefined
  tick: { dueAt: number | undefined; calls: number } = { dueAt: 0, calls: 0 }
  lastId = 0
  /** Time passed while things were pending: what is due may be late. */
  stalled = false
  everStalled = false
  stalledUntil = 0
  outcome: { readonly error: unknown } | undefined
  #tokens = 0
  readonly #caller = new Caller(this)
  #steps = 0
  /** There are layers of streams. */
  readonly streams: boolean
  #afterHandler: (() => void)[] = []

  constructor(plan: Plan) {
    this.plan = plan
    this.stories = plan.scripts.map((script, index) => new Story(index, script))
    this.output = new Output()
    this.streams = plan.scripts.some(({ layer }) => layer !== undefined && layer.kind !== 'functions')
    const { maxConnections, ...options } = plan.simulation
    const { seed, ...sizes } = options
    const limit = maxConnections === undefined ? '' : `?maxConnections=${maxConnections}`
    this.simulation = simulate(this.#events(), {
      ...sizes,
      ...(seed === undefined ? {} : { seed }),
      addresses: ['tcp4://127.0.0.1:7000', `tcp6://[::1]:7001${limit}`],
      stepwise: true,
      failures: 'collect',
    })
    this.simulation.done.then(
      () => {
        this.outcome = { error: undefined }
      },
      (error: unknown) => {
        this.outcome = { error }
      },
    )
  }

  /** Bytes that owners of detached connections have read. */
  get owned(): number {
    return this.stories.reduce(
      (sum, { socketRead }) => socketRead.reduce((part, { length }) => part + length, sum),
      0,
    )
  }

  /** `serving` receives it before the simulation exists. */
  met(server: Server): void {
    this.#server = server
  }

  get server(): Server {
    return this.#server ?? this.simulation.server
  }

  get now(): number {
    return this.#server?.now ?? this.simulation.now
  }

  note(...what: unknown[]): void {
    this.history.push([this.now, ...what])
  }

  /** Performs one step, at most one turn of the loop; false if there was none. */
  step(): boolean {
    for (const story of this.stories) story.turn = { events: 0, bytes: 0 }
    const stepped = this.simulation.step()
    if (stepped) this.#steps += 1
    for (const story of this.stories) this.ask(rule => rule.turned?.(this, { story, ...story.turn }))
    return stepped
  }

  /** Comes to rest with streams, which take time: they continue when nothing else does. */
  async rest(): Promise<void> {
    this.run()
    if (!this.streams) return
    for (let same = 0; same < 4 && this.violation === undefined; ) {
      const before = this.#progress
      await new Promise(resolve => setImmediate(resolve))
      this.run()
      same = this.#progress === before ? same + 1 : 0
    }
  }

  /** A figure that grows with every event. */
  get #progress(): number {
    return this.stories.reduce((sum, { layer }) => sum + (layer?.calls ?? 0), this.events + this.#steps)
  }

  /** Lets streams continue for a moment. */
  async breathe(): Promise<void> {
    if (this.streams) await new Promise(resolve => setImmediate(resolve))
  }

  /** Performs everything that is possible without time passing. */
  run(): void {
    while (this.violation === undefined && this.step());
  }

  /** Checks every rule; keeps the first violation. */
  ask(question: (rule: Rule) => string | undefined): void {
    if (this.violation !== undefined) return
    for (const rule of rules) {
      const what = question(rule)
      if (what === undefined) continue
      this.violation = { rule: rule.name, what }
      this.note('VIOLATION', rule.name, what)
      return
    }
  }

  /** A handler is called: first the rules, then `run`, then its effects. */
  handler<T>(event: Event, run: () => T): T {
    this.ask(rule => rule.event?.(this, event))
    this.events += 1
    this.depth += 1
    this.output.spoil()
    if (event.story !== undefined) event.story.activeAt = this.now
    try {
      return run()
    } finally {
      this.depth -= 1
      if (this.depth === 0) for (const effect of this.#afterHandler.splice(0)) effect()
    }
  }

  /** A handler wakes its own connection; only a few times after each operation, or it would continue forever. */
  wakes(story: Story, handler: HandlerName): void {
    if (story.restless === 0 || story.script.wakes?.includes(handler) !== true) return
    story.restless -= 1
    this.call({ call: 'wake', peer: story.number })
  }

  /** Some output for the connection has not been sent. */
  unsent(story: Story): boolean {
    return this.server.pending(story.id) > 0
  }

  /** Nothing is in progress but the current call: the loop has received every event. */
  get quiet(): boolean {
    return !this.streams && this.plan.simulation.latency === 0 && this.simulation?.left.steps === 0
  }

  /** Does it when the current handler has returned, or at once if none is running. */
  effect(run: () => void): void {
    if (this.depth === 0) run()
    else this.#afterHandler.push(run)
  }

  storyOf(id: number): Story | undefined {
    const story = this.stories.find(story => story.id === id || (story.id === 0 && story.peer?.id === id))
    if (story !== undefined && !this.plan.handlers.opened) this.#isOpen(story, id)
    return story
  }

  /** If the program has no `opened`, the peers tell which ids are open. */
  identify(): void {
    if (this.plan.handlers.opened || this.shutdown !== undefined) return
    for (const story of this.stories) {
      const { id, peer, opened } = story
      // The peer of an attached socket is known under another id until then.
      if (!opened && peer !== undefined && peer.id > 0 && (id === 0 || id === peer.id))
        this.#isOpen(story, peer.id)
    }
  }

  #isOpen(story: Story, id: number): void {
    story.id = id
    story.opened = true
  }

  /** The first Close or Detach counts, unless a Reset follows; Shutdown concerns the loop. */
  act(story: Story | undefined, action: Action | undefined): void {
    if (action === undefined || action === Action.None) return
    if (story !== undefined && action !== Action.Shutdown) story.asked = true
    this.effect(() => {
      if (action === Action.Shutdown) this.shut(1000)
      else if (story === undefined) return
      else if (action === Action.End) story.outputEnded ||= story.closing === undefined
      else if (story.closing === undefined || action === Action.Reset) {
        story.closing = action
        story.arrivedBefore = story.arrived
      }
    })
  }

  shut(timeout: number): void {
    this.shutdown ??= { at: this.now, timeout: Math.max(1, timeout) }
  }

  /** What a handler returns: a reaction's output, action and token. The output is accepted when it is returned. */
  reply(story: Story, reaction: Reaction, input: Buffer | null | undefined, takesToken: boolean): unknown {
    const { out: plan, action, token } = reaction
    const made = plan === undefined ? undefined : this.output.make(plan, input)
    if (made !== undefined && !story.outputEnded) story.give(made.bytes, this.takesReply(story), this.now)
    if (!takesToken || token !== true)
      return made === undefined && action === undefined ? undefined : [made?.out, action]
    return [made?.out, action, this.#tag(story)]
  }

  /** A token for the last output, if the program wants one. */
  #tag(story: Story): number {
    const token = this.nextToken()
    if (this.plan.handlers.sent) story.tag(token, this.takesReply(story))
    return token
  }

  /** A reply now is certainly sent. A promised one may come when the end has begun. */
  takesReply(story: Story): boolean {
    return !story.outputEnded && (this.depth > 0 || (story.untouched && this.shutdown === undefined))
  }

  /** Calls a method of the server, from a handler or from outside. */
  call(call: Call): void {
    this.#caller.call(call)
  }

  nextToken(): number {
    this.#tokens += 1
    return this.#tokens
  }

  #events(): Events<unknown> {
    const events = new Handlers(this).events()
    if (this.stories.every(({ script }) => script.layer === undefined)) return events
    const makerOf = (id: number, info: Info) => {
      const story = this.storyBy(id, info)
      const plan = story?.script.layer
      if (story === undefined || plan === undefined) return undefined
      story.mask = plan.mask
      story.layer ??= new LayerMaker(plan, (error, place) => this.#layerFails(story, error, place))
      return story.layer
    }
    return translate(
      events,
      (id, info) => makerOf(id, info)?.should() ?? false,
      (id, wire, info) => makerOf(id, info)?.wrap(wire) ?? wire,
    )
  }

  #layerFails(story: Story, error: Error, place: string): void {
    story.fragile = true
    this.note('layer', story.number, error.message)
    story.unmade ||= ['should', 'wrap', 'layer'].includes(place)
  }

  /** The connection whose `opened` is about to run, before its peer can know its id. */
  storyBy(id: number, info: Info): Story | undefined {
    if (info.addressIndex < 0) return this.stories.find(story => story.id === id)
    const remote = String(info.remoteAddress)
    const unnamed = this.stories.filter(story => story.id === 0 && String(story.peer?.address) === remote)
    return unnamed.find(story => story.address === info.addressIndex)
  }
}
