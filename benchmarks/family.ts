import { readdirSync, readFileSync } from 'node:fs'
import { forgetPeak, peakBytes } from './measure.js'

/** A process and all its descendants: a server may consist of several. */
export class Family {
  readonly pids: readonly number[]

  constructor(pid: number) {
    this.pids = descendants(pid, parents())
  }

  /**
   * The CPU time of all their threads in seconds; to the nanosecond if the kernel reports it. Excludes threads that
   * have ended.
   */
  cpuSeconds(): number {
    return sum(this.pids.flatMap(threadsOf).map(path => nanosecondsIn(readFileSync(path, 'latin1')))) / 1e9
  }

  forgetPeak(): void {
    for (const pid of this.pids) forgetPeak(pid)
  }

  /** The sum of their peak memory. */
  peakBytes(): number {
    return sum(this.pids.map(peakBytes))
  }
}

/** The first field of a `schedstat`. */
export function nanosecondsIn(schedstat: string): number {
  return Number(schedstat.split(' ', 1)[0])
}

/** A process's parent: field 4 of /proc/PID/stat, whose field 2 may contain blanks and parentheses. */
export function parentIn(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

export function descendants(pid: number, parents: ReadonlyMap<number, number>): number[] {
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child)
  return [pid, ...children.flatMap(child => descendants(child, parents))]
}

/** The parent of each process. */
function parents(): Map<number, number> {
  const found = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      found.set(Number(name), parentIn(readFileSync(`/proc/${name}/stat`, 'latin1')))
    } catch {} // It has exited in the meantime.
  }
  return found
}

function threadsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`).map(thread => `/proc/${pid}/task/${thread}/schedstat`)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
