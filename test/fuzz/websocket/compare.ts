import { read } from '../../websocket/reading.js'
import { generate, limits } from './generate.js'
import { readWithWs } from './receiver.js'

/** What revio and ws found differently in the input of a seed. */
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
 * The same in the same order. Where revio refuses, ws may go on for these reasons: revio looks at text as it comes and ws
 * at whole messages, so that it finds control frames in between, or another mistake first; ws takes lengths in more bytes
 * than they need. Of two limits that are passed at once each may name its own.
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
