import { collect, rest } from '../collect.js'
import { digits } from '../format.js'
import { residentBytes } from '../measure.js'
import type { Metric, Sample, Target, Trial } from '../plan.js'

/** Connections that a load holds until it is closed. */
export interface Held {
  close(): Promise<unknown>
}

/** The memory of each idle connection of a kind: `idle TLS connection`. */
export function idleMetrics(kind: string): readonly Metric[] {
  return [
    {
      key: 'collected',
      title: 'bytes/connection',
      format: digits,
      spread: true,
      ratios: 'all',
      chart: `Bytes of the process for each ${kind} (less is better)`,
    },
    { key: 'uncollected', title: 'before collection', format: digits },
    { key: 'base', title: 'MiB with none', format: value => digits(value / 2 ** 20) },
  ]
}

/**
 * A number of idle connections. `hold` opens connections that have each exchanged one message; `check` tests whether
 * the server responds at all.
 */
export function idleTrial(
  connections: number,
  hold: (connections: number, target: Target) => Promise<Held>,
  check: (target: Target) => Promise<void>,
): Trial {
  return {
    name: `${connections.toLocaleString('en')} connections`,
    group: 'idle',
    check,
    warmUp: async () => 0,
    measure: target => measure(connections, hold, target),
  }
}

/** Resident memory before and after, divided by the number of connections; a few have been opened and closed before. */
async function measure(
  connections: number,
  hold: (connections: number, target: Target) => Promise<Held>,
  target: Target,
): Promise<Sample> {
  await (await hold(100, target)).close()
  await collect(target)
  const base = residentBytes(target.pid)
  const load = await hold(connections, target)
  try {
    await rest()
    const uncollected = (residentBytes(target.pid) - base) / connections
    await collect(target)
    return { collected: (residentBytes(target.pid) - base) / connections, uncollected, base }
  } finally {
    await load.close()
  }
}
