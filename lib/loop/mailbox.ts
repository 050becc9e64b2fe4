import { MessageChannel, type MessagePort, type Transferable } from 'node:worker_threads'
import { checkObject } from '../checks.js'
import { RevioError } from '../errors.js'
import type { Posting } from '../events.js'
import { show } from '../show.js'

/** A loop's access to its siblings. */
export interface Siblings {
  /** This loop's index among them. */
  readonly index: number
  /** The number of loops, including this one. */
  readonly loops: number
  /** False if that loop is not running at the moment. */
  post(to: number, message: unknown, transfer: readonly Transferable[]): boolean
}

/** A loop without siblings. */
export const alone: Siblings = { index: 0, loops: 1, post: () => false }

/** The sender of messages that came from no loop. */
const OUTSIDE = -1

/** What a mailbox needs from its loop. */
export interface MailboxOptions {
  readonly siblings: Siblings
  /** Delivers a message in a separate turn. */
  readonly deliver: (message: unknown, from: number) => void
  /** Runs something soon, outside of any handler. */
  readonly soon: (run: () => void) => void
  /** The loop no longer delivers anything. */
  readonly ending: () => boolean
}

/** Messages to a loop and from it. */
export class Mailbox {
  readonly #options: MailboxOptions
  readonly #ports = new Set<MessagePort>()

  constructor(options: MailboxOptions) {
    this.#options = options
  }

  get index(): number {
    return this.#options.siblings.index
  }

  get loops(): number {
    return this.#options.siblings.loops
  }

  /** @throws `ERR_OPTION` for an invalid option; `DataCloneError` for a message that can't be cloned. */
  post(message: unknown, options: Posting): boolean {
    const { siblings, ending } = this.#options
    const { loops } = siblings
    const { to, transfer } = checkPosting(options, { loops, receivers: loops - 1 })
    if (ending()) return false
    if (to === siblings.index) return this.#postToSelf(message, transfer)
    if (to !== undefined) return siblings.post(to, message, transfer)
    let reached = false
    for (let index = 0; index < siblings.loops; index++) {
      if (index !== siblings.index && siblings.post(index, message, transfer)) reached = true
    }
    return reached
  }

  /**
   * Returns a port for another thread: messages posted on it are delivered here. It doesn't keep the process alive.
   */
  port(): MessagePort {
    const { port1: here, port2: there } = new MessageChannel()
    if (this.#options.ending()) {
      here.close()
      return there
    }
    this.#ports.add(here)
    here.on('message', message => this.#options.deliver(message, OUTSIDE))
    here.on('close', () => this.#ports.delete(here))
    here.unref()
    return there
  }

  /** Delivers a message from a sibling, or from outside. */
  deliver(message: unknown, from: number): void {
    this.#options.deliver(message, from)
  }

  /** Stops delivering messages. */
  close(): void {
    for (const port of this.#ports) port.close()
  }

  #postToSelf(message: unknown, transfer: readonly Transferable[]): true {
    const { siblings, soon, deliver } = this.#options
    const copy: unknown = structuredClone(message, { transfer: transfer as never })
    soon(() => deliver(copy, siblings.index))
    return true
  }
}

/** The receiving loop, and the objects to transfer. `receivers`: how many loops get what names none of them. */
export function checkPosting(
  options: unknown,
  { loops, receivers }: { readonly loops: number; readonly receivers: number },
): Required<Pick<Posting, 'transfer'>> & Posting {
  checkObject(options, 'post')
  const unknown = Object.keys(options).find(name => name !== 'to' && name !== 'transfer')
  if (unknown !== undefined) {
    throw new RevioError('ERR_OPTION', `post: unknown option "${unknown}"; known options are to, transfer`)
  }
  const { to, transfer = [] } = options as Posting
  if (to !== undefined && !(Number.isInteger(to) && to >= 0 && to < loops)) {
    throw new RevioError(
      'ERR_OPTION',
      `option to: expected a loop from 0 to ${loops - 1}; received ${show(to)}`,
    )
  }
  if (!Array.isArray(transfer)) throw new RevioError('ERR_OPTION', 'option transfer: expected an array')
  if (to === undefined && transfer.length > 0 && receivers > 1) {
    throw new RevioError(
      'ERR_OPTION',
      'option transfer: requires option to, as only one loop can receive transferred objects',
    )
  }
  return to === undefined ? { transfer } : { to, transfer }
}
