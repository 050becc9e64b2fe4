import type { Rule } from '../rule.js'

/** The most inputs that one turn may deliver to one connection, including a wake, however much has waited. */
const EVENTS = 40

/** The most bytes of them: what one turn reads from a connection, and one input that was held back. */
const BYTES = 2 * 65_536

/** What one turn delivers has a bound that does not depend on how much waited. */
export const turns: Rule = {
  name: 'turns',

  turned(_world, { story, events, bytes }) {
    if (events <= EVENTS && bytes <= BYTES) return undefined
    return `connection ${story.id} got ${events} inputs of ${bytes} bytes in one turn`
  },
}
