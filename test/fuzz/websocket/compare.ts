import { read } from '../../websocket/reading.js'
import { generate, limits } from './generate.js'
import { readWithWs } from './receiver.js'

/** How revio and ws differ on the input of a seed. */
export interface Difference {
  readonly seed: number
  readonly revio: readonly string[]
  readonly ws: readonly string[]
  readonly input: Buffer
}

export function examine(seed: number): Difference | undefined {
  const { input, pieces, lax } = generate(seed)
  const revio = read(pieces, limits)
  const ws = readWithWs(pieces, limits)
  return agree(revio, ws, lax) ? undefined : { seed, revio, ws, input }
}

/**
 * The same messages in the same order. If revio refuses, ws may continue for these reasons: revio checks text as it
 * arrives and ws whole messages, so ws may first find control frames in between, or another error; ws accepts lengths
 * in more bytes than needed. If two limits are exceeded at once, each may report a different one.
 */
export function agree(revio: readonly string[], ws: readonly string[], lax: boolean): boolean {
  const same = revio.every((found, index) => found === ws[index])
  if (same && revio.length === ws.length) return true
  const verdict = revio.at(-1) ?? ''
  const before = revio.slice(0, -1)
  if (!before.every((found, index) => found === ws[index])) return false
  const others = ws.slice(before.length)
  if (verdict === 'bad 1007') return others.every(found => /^(ping|pong|bad|close) /.test(found))
  if (verdict === 'bad 1002' && lax) return true
  const limited = ['bad 1008', 'bad 1009']
  return limited.includes(verdict) && others.length === 1 && limited.includes(others[0] ?? '')
}
