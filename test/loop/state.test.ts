import t from 'tap'
import { ConnectionState, Inbound, Life, Outbound } from '../../lib/loop/state.js'

/** A way out of a state, and which way round it is allowed. */
interface Transition {
  readonly allowed: (state: ConnectionState) => boolean
  /** What it makes of life, inbound and outbound; what is absent stays. */
  readonly becomes: { readonly life?: Life; readonly inbound?: Inbound; readonly outbound?: Outbound }
}

const open = ({ life }: ConnectionState) => life === Life.Open
const alive = ({ life }: ConnectionState) =>
  life === Life.Open || life === Life.Closing || life === Life.Detaching
const sound = ({ outbound }: ConnectionState) =>
  outbound === Outbound.Open || outbound === Outbound.Ending || outbound === Outbound.Ended

/** All transitions, written anew: whoever changes one says so twice. */
const transitions = {
  closes: { allowed: open, becomes: { life: Life.Closing } },
  detaches: { allowed: open, becomes: { life: Life.Detaching } },
  keepsSocket: { allowed: state => state.life === Life.Detaching, becomes: { life: Life.Closing } },
  endsOutput: {
    allowed: state => open(state) && state.outbound === Outbound.Open,
    becomes: { outbound: Outbound.Ending },
  },
  outputEnded: {
    allowed: state => open(state) && state.outbound === Outbound.Ending,
    becomes: { outbound: Outbound.Ended },
  },
  breaks: { allowed: state => alive(state) && sound(state), becomes: { outbound: Outbound.Broken } },
  discards: {
    allowed: state => alive(state) && state.outbound !== Outbound.Discarded,
    becomes: { life: Life.Closing, outbound: Outbound.Discarded },
  },
  peerEnds: { allowed: state => state.inbound === Inbound.Open, becomes: { inbound: Inbound.Ended } },
  endDelivered: {
    allowed: state => open(state) && state.inbound === Inbound.Ended,
    becomes: { inbound: Inbound.Delivered },
  },
  lingers: {
    allowed: state => state.life === Life.Closing && sound(state),
    becomes: { life: Life.Lingering, outbound: Outbound.Ended },
  },
  leaves: { allowed: state => state.life !== Life.Gone, becomes: { life: Life.Gone } },
} as const satisfies Record<string, Transition>

type Name = keyof typeof transitions
const names = Object.keys(transitions) as Name[]

function after(path: readonly Name[]): ConnectionState {
  const state = new ConnectionState()
  for (const name of path) state[name]()
  return state
}

const plain = ({ life, inbound, outbound }: ConnectionState) => ({ life, inbound, outbound })
const key = (state: ConnectionState) => JSON.stringify(plain(state))

/** All states that transitions lead to, each with a shortest way to it, found breadth first. */
function reachable(): Map<string, readonly Name[]> {
  const found = new Map<string, readonly Name[]>([[key(new ConnectionState()), []]])
  for (const path of found.values()) {
    for (const name of names) {
      const next = [...path, name]
      const there = key(after(next))
      if (!found.has(there)) found.set(there, next)
    }
  }
  return found
}

const states = reachable()

t.test('every transition is a row of the table', async t => {
  const { constructor: _, ...methods } = Object.getOwnPropertyDescriptors(ConnectionState.prototype)
  const called = Object.entries(methods).filter(([, { value }]) => typeof value === 'function')
  t.strictSame(called.map(([name]) => name).sort(), [...names].sort())
})

t.test('every transition of every reachable state does what the table says, or nothing', async t => {
  t.ok(states.size > 30, `${states.size} states are reachable`)
  for (const path of states.values()) {
    for (const name of names) {
      const state = after(path)
      const before = plain(state)
      const { allowed, becomes }: Transition = transitions[name]
      const expected = allowed(state)
      const title = `${path.join(', ') || 'new'}: ${name}`
      if (state[name]() !== expected) t.fail(`${title} answers ${!expected}`)
      t.strictSame(plain(state), expected ? { ...before, ...becomes } : before, title)
    }
  }
})

t.test('no way leads to a state that means nothing', async t => {
  for (const path of states.values()) {
    const state = after(path)
    const { life, inbound, outbound } = state
    const title = path.join(', ')
    if (life === Life.Lingering) t.equal(outbound, Outbound.Ended, `${title}: what lingers has sent its end`)
    if (outbound === Outbound.Discarded) {
      t.ok(
        life === Life.Closing || life === Life.Gone,
        `${title}: nothing else follows once output was given up`,
      )
    }
    t.equal(state.alive, alive(state), `${title}: alive until closed or detached runs`)
    if (state.takesOutput) t.ok(state.alive && outbound === Outbound.Open, `${title}: output reaches a peer`)
    t.ok(inbound <= Inbound.Delivered && outbound <= Outbound.Discarded && life <= Life.Gone, title)
  }
})

t.test('nothing is taken back', async t => {
  for (const path of states.values()) {
    for (const name of names) {
      const state = after(path)
      const before = plain(state)
      state[name]()
      const title = `${path.join(', ')}: ${name}`
      t.ok(state.inbound >= before.inbound, `${title}: input that ended`)
      // Closing comes before Detaching in number alone: a hand-over may turn into a close.
      if (before.life !== Life.Detaching) t.ok(state.life >= before.life, `${title}: life`)
      // Lingering fixes what was to be ended; it is never reached from what is broken.
      t.ok(state.outbound >= before.outbound, `${title}: output that ended`)
    }
  }
})

t.test('every state leads to Gone, and none out of it', async t => {
  for (const path of states.values()) {
    const state = after([...path, 'leaves'])
    t.equal(state.life, Life.Gone)
    for (const name of names) {
      if (name === 'peerEnds') continue
      t.equal(state[name](), false, `${name} of what is gone`)
    }
  }
})
