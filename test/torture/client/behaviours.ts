import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../simulate/random.js'
import type { Door, Mode } from '../wire.js'
import { GREETING } from '../wire.js'
import type { Peer } from './peer.js'

const KIB = 1024
const MIB = 1024 * KIB

/** A behaviour of clients. */
export interface Behaviour {
  /** Its weight among all behaviours. */
  readonly weight: number
  readonly doors: readonly Door[]
  readonly modes: readonly Mode[]
  /** The mode's parameter. */
  readonly amount?: (random: Random) => number
  readonly act: (peer: Peer, random: Random, amount: number) => Promise<void>
}

const ANY: readonly Door[] = ['tcp', 'tcp', 'unix']
/** All input is answered, however soon the client has ended. */
const ANSWERED: readonly Mode[] = ['plain', 'copy', 'list', 'promise', 'wake', 'pause']
const ECHOED: readonly Mode[] = [...ANSWERED, 'send', 'detach']
const few = (random: Random) => random.below(20 * KIB)

export const behaviours: Record<string, Behaviour> = {
  converse: { weight: 30, doors: ANY, modes: ECHOED, amount: few, act: converse },
  'send and stop': { weight: 10, doors: ANY, modes: ECHOED, amount: few, act: sendAndStop },
  'half-close': { weight: 12, doors: ANY, modes: [...ANSWERED, 'detach'], amount: few, act: halfClose },
  reset: { weight: 12, doors: ['tcp', 'tcp', 'unix', 'strict'], modes: ECHOED, amount: few, act: reset },
  flood: { weight: 5, doors: ANY, modes: ECHOED, amount: few, act: flood },
  dribble: { weight: 6, doors: ANY, modes: ECHOED, amount: random => random.below(100), act: dribble },
  fetch: { weight: 4, doors: ANY, modes: ['big'], amount: random => random.between(1, 8 * MIB), act: fetch },
  'be closed': {
    weight: 10,
    doors: ANY,
    modes: ['close'],
    amount: random => random.below(200 * KIB),
    act: talkOn,
  },
  outlast: { weight: 6, doors: ANY, modes: ['end'], amount: random => random.below(100 * KIB), act: outlast },
  'be thrown out': { weight: 10, doors: ANY, modes: ['throw'], amount: few, act: talkOn },
  stall: { weight: 1, doors: ['strict'], modes: ['plain', 'copy'], act: stall },
  'fall silent': { weight: 2, doors: ['strict'], modes: ['plain'], act: fallSilent },
  overflow: { weight: 2, doors: ['strict'], modes: ['big'], amount: () => MIB, act: talkOn },
  knock: { weight: 6, doors: ['shut'], modes: ['plain'], act: knock },
  touch: { weight: 4, doors: ANY, modes: ['plain'], act: touch },
}

/** Sends a request and waits for the reply, a few times. */
async function converse(peer: Peer, random: Random): Promise<void> {
  peer.whole = true
  peer.introduce()
  for (let left = random.between(1, 12); left > 0 && !peer.isOver; left--) {
    peer.send(random.between(1, random.percent(20) ? 64 * KIB : 2 * KIB))
    await peer.echoed()
    await sleep(random.below(40))
  }
  peer.finish()
  await peer.over()
}

/** Sends, and reads nothing for a while. */
async function sendAndStop(peer: Peer, random: Random): Promise<void> {
  peer.whole = true
  peer.stopReading()
  peer.introduce()
  peer.send(random.between(1, 256 * KIB))
  await sleep(random.between(20, 400))
  peer.goOn()
  await peer.echoed()
  peer.finish()
  await peer.over()
}

/** Ends its side before the reply has arrived. */
async function halfClose(peer: Peer, random: Random): Promise<void> {
  peer.whole = true
  if (random.percent(50)) peer.stopReading()
  peer.introduce()
  peer.send(random.between(1, random.percent(20) ? 2 * MIB : 64 * KIB))
  peer.finish()
  await sleep(random.below(200))
  peer.goOn()
  await peer.over()
}

/** Breaks the connection at any stage. */
async function reset(peer: Peer, random: Random): Promise<void> {
  if (random.percent(10)) return peer.reset()
  await peer.connected()
  if (random.percent(50)) peer.stopReading()
  const silent = random.percent(10)
  if (!silent) peer.introduce()
  if (!silent && random.percent(80)) peer.send(random.between(1, 300 * KIB))
  if (random.percent(20)) peer.finish()
  if (random.percent(70)) await sleep(random.below(30))
  peer.reset()
  await peer.over()
}

/** Sends for a while and reads nothing; then reads everything, or leaves. */
async function flood(peer: Peer, random: Random): Promise<void> {
  peer.stopReading()
  peer.introduce()
  const limit = random.between(MIB, 6 * MIB)
  const end = performance.now() + random.between(50, 300)
  while (peer.sent < limit && performance.now() < end && !peer.isOver) {
    if (peer.unsent < 256 * KIB) peer.send(64 * KIB)
    else await sleep(5)
  }
  if (random.percent(40)) peer.reset()
  else {
    peer.whole = true
    peer.goOn()
    await peer.echoed()
    peer.finish()
  }
  await peer.over()
}

/** Sends a byte at a time. */
async function dribble(peer: Peer, random: Random): Promise<void> {
  peer.whole = true
  await peer.connected()
  for (let at = 0; at < 9; at++) {
    peer.introduce(at, at + 1)
    await sleep(random.below(4))
  }
  for (let left = random.between(20, 200); left > 0 && !peer.isOver; left--) {
    peer.send(1)
    if (random.percent(80)) await sleep(random.below(6))
  }
  await peer.echoed()
  peer.finish()
  await peer.over()
}

/** Requests a large reply after which the server closes, and reads it fast or with pauses. */
async function fetch(peer: Peer, random: Random, amount: number): Promise<void> {
  peer.asked = amount
  const slow = random.percent(50)
  if (slow) peer.stopReading()
  peer.introduce()
  for (let left = slow ? random.between(1, 20) : 0; left > 0 && !peer.ended && !peer.isOver; left--) {
    peer.stopReading()
    await sleep(random.below(20))
    peer.goOn()
    await sleep(2)
  }
  peer.goOn()
  await peer.over()
}

/** Sends until the server ends the connection. */
async function talkOn(peer: Peer, random: Random): Promise<void> {
  peer.introduce()
  while (!peer.ended && !peer.isOver) {
    if (peer.unsent < 64 * KIB) peer.send(random.between(1, 8 * KIB))
    await sleep(random.below(4))
  }
  await peer.over()
}

/** Sends until the server has ended its output, and then some more; all of it must be delivered. */
async function outlast(peer: Peer, random: Random): Promise<void> {
  peer.talksOn = true
  peer.introduce()
  while (!peer.ended && !peer.isOver) {
    if (peer.unsent < 64 * KIB) peer.send(random.between(1, 8 * KIB))
    await sleep(random.below(4))
  }
  for (let left = random.below(5); left > 0; left--) {
    peer.send(random.between(1, 64 * KIB))
    await sleep(random.below(10))
  }
  peer.finish()
  await peer.over()
}

/** Sends and never reads: the server must time out. */
async function stall(peer: Peer): Promise<void> {
  peer.stopReading()
  peer.introduce()
  while (!peer.isOver) {
    if (peer.unsent < 256 * KIB) peer.send(64 * KIB)
    await sleep(5)
  }
}

/** Falls silent after the first reply: the server must time out. */
async function fallSilent(peer: Peer, random: Random): Promise<void> {
  peer.introduce()
  peer.send(random.between(1, KIB))
  await peer.over()
}

/** Meets an `opened` that throws, closes or detaches at once. It has no name there, and sends nothing. */
async function knock(peer: Peer): Promise<void> {
  await peer.over()
  if (peer.received !== 0 && peer.received !== GREETING)
    peer.violated(`a greeting of ${GREETING} bytes was expected`)
}

/** Connects and leaves without sending anything. */
async function touch(peer: Peer, random: Random): Promise<void> {
  if (random.percent(80)) await peer.connected()
  if (random.percent(50)) peer.finish()
  else peer.reset()
  await peer.over()
}
