import { Action } from 'revio'
import type {
  Call,
  HandlerName,
  LayerPlan,
  Operation,
  OutPlan,
  Plan,
  Reaction,
  Script,
  TickReaction,
} from './plan.js'
import { Random } from './random.js'

/** Sizes that fit together: runs stay short, and yet block often. */
interface Scale {
  readonly buffers: readonly number[]
  readonly pieces: readonly number[]
  readonly marks: readonly number[]
  readonly bounds: readonly number[]
}

const SMALL: Scale = {
  buffers: [2, 16, 60, 400],
  pieces: [1, 2, 7, 30, 120],
  marks: [1, 20, 200],
  bounds: [50, 500, 5000],
}
const MIDDLE: Scale = {
  buffers: [1000, 4096, 16_384],
  pieces: [1, 10, 100, 1000, 5000],
  marks: [100, 2000, 10_000],
  bounds: [5000, 50_000],
}
const LARGE: Scale = {
  buffers: [16_384, 65_536, 262_144],
  pieces: [10, 1000, 20_000, 33_000, 70_000],
  marks: [10_000, 100_000],
  bounds: [100_000, 1_000_000],
}

/** Handlers that wake their own connection every time. */
const RESTLESS: readonly (readonly HandlerName[])[] = [
  ['data'],
  ['data', 'ended'],
  ['data', 'postwrite'],
  ['opened', 'sent'],
  ['opened', 'data', 'ended', 'prewrite', 'postwrite', 'sent'],
]

const STREAMS: readonly LayerPlan['kind'][] = ['streams', 'decoder', 'duplex', 'functions']
const CODES = ['decode', 'encode', 'decodeEnd', 'encodeEnd'] as const
const PLAIN_FAULTS = ['throws', 'stalls'] as const
const FAULTS = ['throws', 'stalls', 'fails', 'destroys'] as const

/** The plan of a seed. */
export function generate(seed: number): Plan {
  return new Generator(seed).plan(seed)
}

class Generator {
  readonly #random: Random
  readonly #scale: Scale
  readonly #peers: number
  /** In half of the plans the handlers are well-behaved, because the others end everything early. */
  readonly #wild: boolean

  /** The kinds of layers of connections; none in most plans, because streams take time. */
  readonly #layers: readonly LayerPlan['kind'][]

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.#layers = this.#random.pick([...Array(10).fill([]), ['functions'], ['functions'], STREAMS])
    this.#scale = this.#random.pick([SMALL, SMALL, MIDDLE, LARGE])
    this.#peers = this.#random.between(1, 4)
    this.#wild = this.#random.percent(50)
  }

  plan(seed: number): Plan {
    const random = this.#random
    return {
      seed,
      simulation: {
        seed: random.percent(94) ? seed : undefined,
        sendBuffer: random.pick(this.#scale.buffers),
        receiveBuffer: random.pick(this.#scale.buffers),
        latency: random.percent(10) && this.#layers !== STREAMS ? random.between(1, 20) : 0,
        maxConnections: random.percent(15) ? random.between(1, 2) : undefined,
      },
      handlers: this.#handlers(),
      serving: this.#loopReaction(),
      ticks: this.#ticks(),
      scripts: Array.from({ length: this.#peers }, (_, peer) => this.#script(peer)),
      operations: this.#operations(),
      ending: random.weighed({ calm: 45, patient: 30, sudden: 25 }),
    }
  }

  #handlers(): Record<HandlerName, boolean> {
    const has = (share: number) => this.#random.percent(share)
    return {
      serving: has(60),
      opened: has(90),
      data: has(97),
      ended: has(75),
      closed: has(92),
      detached: has(80),
      prewrite: has(50),
      postwrite: has(60),
      sent: has(60),
      tick: has(40),
    }
  }

  #ticks(): TickReaction[] {
    const random = this.#random
    return Array.from({ length: random.between(0, 5) }, () => {
      if (random.percent(3)) return { fault: true }
      const delay = random.pick([0, 1, 10, 250, 5000, 3_600_000])
      return random.percent(4) ? { delay, action: Action.Shutdown } : { delay }
    })
  }

  #script(peer: number): Script {
    const script = this.#farewell(this.#scriptOnce())
    if (!this.#random.percent(20)) return script
    const { layer: _, ...after } = this.#scriptOnce()
    const calls: Call[] = [{ call: 'attach', peer, what: 'socket' }]
    return {
      ...script,
      after,
      ...(this.#random.percent(50) ? { detached: { ...script.detached, calls } } : {}),
    }
  }

  /** Some handlers that wake themselves answer the peer's end with their own. */
  #farewell(script: Script): Script {
    if (script.wakes === undefined || this.#random.percent(60)) return script
    return { ...script, options: { ...script.options, halfOpen: true }, ended: { action: Action.End } }
  }

  #scriptOnce(): Script {
    const random = this.#random
    const several = (most: number, make: () => Reaction) =>
      Array.from({ length: random.between(0, most) }, make)
    return {
      options: random.percent(70) ? this.#options() : undefined,
      ...(random.percent(12) ? { wakes: random.pick(RESTLESS) } : {}),
      ...(random.percent(8) ? { congested: true } : {}),
      ...(this.#layers.length > 0 && random.percent(60) ? { layer: this.#layer() } : {}),
      opened: this.#reaction(random.percent(40), 5),
      data: several(6, () => this.#dataReaction()),
      ended: this.#dataReaction(),
      prewrite: several(4, () => this.#reaction(false, 4)),
      postwrite: several(4, () => this.#reaction(false, 4)),
      sent: several(2, () => this.#reaction(false, 8)),
      closed: this.#loopReaction(),
      detached: this.#loopReaction(),
    }
  }

  #layer(): LayerPlan {
    const random = this.#random
    const kind = random.pick(this.#layers)
    const at = random.pick(['should', 'wrap', 'layer', ...CODES, ...CODES] as const)
    const how = random.pick(kind === 'functions' ? PLAIN_FAULTS : FAULTS)
    // What a stream throws later is thrown at whoever resumes it, as in Node.
    const call = how === 'throws' && kind !== 'functions' ? 1 : random.between(1, 4)
    return {
      kind,
      mask: random.pick([0x5a, 0xff]),
      ...(random.percent(40) ? { fault: { at, call, how } } : {}),
    }
  }

  #options(): Script['options'] {
    const random = this.#random
    const maybe = <T>(share: number, name: string, value: () => T) =>
      random.percent(share) ? { [name]: value() } : {}
    return {
      ...maybe(30, 'reuseInputBuffer', () => random.percent(80)),
      ...maybe(40, 'highWaterMark', () => random.pick(this.#scale.marks)),
      ...maybe(12, 'maxPending', () => random.pick(this.#scale.bounds)),
      ...maybe(15, 'idleTimeout', () => random.pick([1, 20, 1000, 60_000])),
      ...maybe(20, 'writeTimeout', () => random.pick([1, 20, 1000])),
      ...maybe(8, 'paused', () => true),
      ...maybe(25, 'halfOpen', () => true),
      ...maybe(15, 'closeOnBreak', () => true),
      ...maybe(10, 'noDelay', () => random.percent(50)),
      ...maybe(10, 'keepAlive', () => random.pick([0, 1000])),
    }
  }

  #dataReaction(): Reaction {
    const reaction = this.#reaction(this.#random.percent(80), 6)
    return this.#random.percent(15) ? { ...reaction, promised: true } : reaction
  }

  /** `ends`: the percentage of cases in which it ends the connection, if handlers are wild. */
  #reaction(writes: boolean, ends: number): Reaction {
    const random = this.#random
    return {
      ...(random.percent(12) ? { calls: this.#calls() } : {}),
      ...(writes ? { out: this.#out(true) } : {}),
      ...(random.percent(10) ? { token: true } : {}),
      ...(this.#wild && random.percent(ends) ? { fault: true } : {}),
      ...(random.percent(this.#wild ? 2 * ends : 2) ? { action: this.#action() } : {}),
    }
  }

  /** With nothing to write and no connection to end. */
  #loopReaction(): Reaction {
    const random = this.#random
    return {
      ...(random.percent(10) ? { calls: this.#calls() } : {}),
      ...(this.#wild && random.percent(3) ? { fault: true } : {}),
      ...(this.#wild && random.percent(3) ? { action: Action.Shutdown } : {}),
    }
  }

  #action(): Action {
    return Action[this.#random.weighed({ Close: 12, Detach: 6, End: 6, Reset: 4, Shutdown: 1, None: 3 })]
  }

  #out(echoes: boolean): OutPlan {
    const random = this.#random
    const size = () => random.pick(this.#scale.pieces)
    const kind = random.weighed({ echo: echoes ? 5 : 0, bytes: 4, text: 3, list: 3 })
    if (kind === 'echo') return { kind }
    if (kind === 'list') return { kind, sizes: Array.from({ length: random.between(0, 4) }, size) }
    return { kind, size: random.percent(5) ? 0 : size() }
  }

  #calls(): Call[] {
    return Array.from({ length: this.#random.between(1, 2) }, () => this.#call())
  }

  #call(): Call {
    const random = this.#random
    const peer = random.below(this.#peers)
    const call = random.weighed({
      wake: 6,
      send: 8,
      pause: 4,
      resume: 6,
      stall: 1,
      dial: 1,
      attach: 1,
      shutdown: this.#wild ? 1 : 0,
    })
    if (call === 'dial') return this.#dial(peer)
    if (call === 'attach') return { call, peer, what: random.pick(['socket', 'socket', 'twice', 'garbage']) }
    if (call === 'shutdown') return { call, timeout: random.pick([0, 10, 1000, 5000]) }
    if (call === 'stall') return { call, ms: random.pick([1, 30, 2000]) }
    if (call !== 'send') return { call, peer }
    const out = this.#out(false)
    return {
      call,
      peer,
      out,
      ...(random.percent(8) ? { action: this.#action() } : {}),
      ...(random.percent(20) ? { token: true } : {}),
    }
  }

  #dial(peer: number): Call {
    const random = this.#random
    return { call: 'dial', peer, reachable: random.percent(70), timeout: random.pick([0, 5, 1000]) }
  }

  #operations(): Operation[] {
    const random = this.#random
    const operations: Operation[] = []
    for (let peer = 0; peer < this.#peers; peer += 1) operations.push(this.#arrival(peer))
    const count = random.between(2, 25)
    while (operations.length < count) operations.push(this.#operation())
    // Some arrive late: their places are taken by others.
    for (let peer = 1; peer < this.#peers; peer += 1) {
      const other = random.below(operations.length)
      const mine = operations[peer]
      const its = operations[other]
      if (mine === undefined || its === undefined) continue
      operations[peer] = its
      operations[other] = mine
    }
    return operations
  }

  #arrival(peer: number): Operation {
    const random = this.#random
    const steps = this.#steps()
    if (random.percent(8)) {
      return { do: 'call', call: this.#dial(peer), steps }
    }
    const address = random.below(2)
    return {
      do: 'connect',
      peer,
      address,
      paused: random.percent(20),
      allowHalfOpen: random.percent(30),
      steps,
    }
  }

  #operation(): Operation {
    const random = this.#random
    const peer = random.below(this.#peers)
    const steps = this.#steps()
    const kind = random.weighed({
      send: 40,
      end: 6,
      close: 2,
      reset: 4,
      stop: 5,
      go: 9,
      settle: 8,
      advance: 8,
      call: 18,
    })
    if (kind === 'send') return { do: kind, peer, size: random.pick(this.#scale.pieces), steps }
    if (kind === 'go') {
      return {
        do: kind,
        peer,
        bytes: random.percent(40) ? random.pick(this.#scale.pieces) : undefined,
        steps,
      }
    }
    if (kind === 'advance')
      return { do: kind, ms: random.pick([1, 5, 20, 100, 1000, 31_000, 3_600_000]), steps }
    if (kind === 'call') return { do: kind, call: this.#call(), steps }
    return { do: kind, peer, steps }
  }

  #steps(): number {
    return this.#random.percent(40) ? -1 : this.#random.between(0, 6)
  }
}
