import type { Buffer } from 'node:buffer'
import type { LayerHost } from '../transport/layering.js'
import type { Receiver } from '../transport/transport.js'
import type { Gathering } from './gathering.js'

/** Input, or another event to deliver. */
type Step = Buffer | ((receiver: Receiver) => void)

/** Delivers the events of streams inside turns of the loop, in order and never one within another. */
export class Turns {
  readonly #host: LayerHost
  readonly #owner: { readonly receiver: Receiver }
  /** The loop is calling the link, so events must wait. */
  #held = false
  /** The receiver is handling an event, so others must wait. */
  #telling = false
  /** The link below is delivering an event. A turn is therefore running, in which other events can be delivered too. */
  #within = false
  readonly #gathering: Gathering | undefined
  #queue: Step[] = []

  /** With a `gathering`, events outside a turn wait for its next one. */
  constructor(host: LayerHost, owner: { readonly receiver: Receiver }, gathering?: Gathering) {
    this.#host = host
    this.#owner = owner
    this.#gathering = gathering
  }

  /** No event waits to be delivered. */
  get idle(): boolean {
    return this.#queue.length === 0
  }

  /** Runs a call from the loop, and holds events back until it returns. */
  hold(run: () => void): void {
    const before = this.#held
    this.#held = true
    try {
      run()
    } finally {
      this.#held = before
    }
  }

  /** Runs an event of the link below, inside a turn. */
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

  /** Asks for a flush, unless the loop is calling: it flushes afterwards anyway. */
  poke(): void {
    if (this.#held) return
    if (this.#host.inTurn) this.#owner.receiver.writable()
    else this.#host.turn(() => this.#owner.receiver.writable())
  }

  /** Removes the waiting events, and returns the input among them. */
  clear(): Buffer[] {
    return this.#queue.splice(0).filter(step => typeof step !== 'function')
  }

  /** Delivers all waiting events. Called inside a turn. */
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
