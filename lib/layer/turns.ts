import type { Buffer } from 'node:buffer'
import type { LayerHost } from '../transport/layering.js'
import type { Receiver } from '../transport/transport.js'
import type { Gathering } from './gathering.js'

/** Input, or something else to be told. */
type Step = Buffer | ((receiver: Receiver) => void)

/** Brings what streams tell, whenever they do, into turns of the loop, in order and never one inside of another. */
export class Turns {
  readonly #host: LayerHost
  readonly #owner: { readonly receiver: Receiver }
  /** The loop is calling: what is told meanwhile has to wait. */
  #held = false
  /** So it has while the receiver is being told something. */
  #telling = false
  /** The link below is telling something, so that a turn is running in which everything may be told. */
  #within = false
  readonly #gathering: Gathering | undefined
  #queue: Step[] = []

  /** With a `gathering`, what is told outside of a turn waits for the next one of that. */
  constructor(host: LayerHost, owner: { readonly receiver: Receiver }, gathering?: Gathering) {
    this.#host = host
    this.#owner = owner
    this.#gathering = gathering
  }

  /** Nothing waits to be told. */
  get idle(): boolean {
    return this.#queue.length === 0
  }

  /** Runs what the loop has called for; nothing is told before that is over. */
  hold(run: () => void): void {
    const before = this.#held
    this.#held = true
    try {
      run()
    } finally {
      this.#held = before
    }
  }

  /** Runs what the link below has told, inside a turn. */
  within(run: () => void): void {
    this.#within = true
    try {
      run()
    } finally {
      this.#within = false
    }
  }

  tell(step: Step): void {
    if (this.#queue.length === 0 && !this.#held) {
      if (!this.#host.inTurn) return this.#outside(step)
      if (this.#within && !this.#telling) return this.#run(step)
    }
    if (this.#queue.push(step) === 1) process.nextTick(() => this.#drain())
  }

  /** Asks for a flush. The loop knows what it calls for itself. */
  poke(): void {
    if (this.#held) return
    if (this.#host.inTurn) this.#owner.receiver.writable()
    else this.#host.turn(() => this.#owner.receiver.writable())
  }

  /** Removes what waits; answers the input among it. */
  clear(): Buffer[] {
    return this.#queue.splice(0).filter(step => typeof step !== 'function')
  }

  /** Inside a turn: tells all that waits. */
  deliver(): void {
    for (let step = this.#queue.shift(); step !== undefined; step = this.#queue.shift()) this.#run(step)
  }

  #outside(step: Step): void {
    if (this.#gathering === undefined) return this.#host.turn(() => tell(step, this.#owner.receiver))
    this.#queue.push(step)
    this.#gathering.add(this)
  }

  #drain(): void {
    if (this.#queue.length > 0) this.#host.turn(() => this.deliver())
  }

  #run(step: Step): void {
    this.#telling = true
    try {
      tell(step, this.#owner.receiver)
    } finally {
      this.#telling = false
    }
  }
}

function tell(step: Step, receiver: Receiver): void {
  if (typeof step === 'function') step(receiver)
  else receiver.input(step)
}
