import { readdirSync, readFileSync } from 'node:fs'
import { forgetPeak, peakBytes } from './measure.js'

/** A process and all that it has started, or that those have: a server may be several. */
export class Family {
  readonly pids: readonly number[]

  constructor(pid: number) {
    this.pids = descendants(pid, parents())
  }

  /**
   * Time that all their threads have run, in seconds; where the kernel tells it, to the nanosecond. That of a thread that
   * has ended is not in it.
   */
  cpuSeconds(): number {
    return sum(this.pids.flatMap(threadsOf).map(path => nanosecondsIn(readFileSync(path, 'latin1')))) / 1e9
  }

  forgetPeak(): void {
    for (const pid of this.pids) forgetPeak(pid)
  }

  /** The most memory that each of them has held, together. */
  peakBytes(): number {
    return sum(this.pids.map(peakBytes))
  }
}

/** The first field of a `schedstat`. */
export function nanosecondsIn(schedstat: string): number {
  return Number(schedstat.split(' ', 1)[0])
}

/** The process that started another: field 4 of /proc/PID/stat, whose field 2 may hold blanks and parentheses. */
export function parentIn(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

export function descendants(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child)
  return [pid, ...children.flatMap(child => descendants(child, parents))]
}

/** The parent of each process there is. */
function parents(): Map<number, number> {
  const found = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      found.set(Number(name), parentIn(readFileSync(`/proc/${name}/stat`, 'latin1')))
    } catch {} // It has ended meanwhile.
  }
  return found
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map(thread => `/proc/${pid}/task/${thread}/schedstat`)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
