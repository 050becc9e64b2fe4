import type { Rule } from '../rule.js'

/** Inputs that one turn may deliver to one connection, a wake among them, however much has waited. */
const EVENTS = 40

/** Bytes of them: what is read from a connection in one turn, and one input that was held back. */
const BYTES = 2 * 65_536

/** What one turn delivers has a bound that does not depend on what waited. */
export const turns: Rule = {
  name: 'turns',

  turned(_world, { story, events, bytes }) {
    if (events <= EVENTS && bytes <= BYTES) return undefined
    return `connection ${story.id} got ${events} inputs of ${bytes} bytes in one turn`
  },
}
