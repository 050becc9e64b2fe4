import { readFileSync, writeFileSync } from 'node:fs'

/** Linux reports CPU time in hundredths of a second, whatever its internal clock. */
const TICKS_PER_SECOND = 100

/** User and system time of a process since it started, over all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  return ticksIn(readFileSync(`/proc/${pid}/stat`, 'latin1')) / TICKS_PER_SECOND
}

/** Fields 14 and 15 of /proc/PID/stat; the name in field 2 may contain blanks and parentheses. */
export function ticksIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** The current resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return kilobytesIn(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmRSS') * 1024
}

/** The peak memory of a process since it started or since `forgetPeak`, in bytes. */
export function peakBytes(pid: number): number {
  return kilobytesIn(readFileSync(`/proc/${pid}/status`, 'latin1'), 'VmHWM') * 1024
}

/** Resets `peakBytes`. If the kernel does not allow that, the peak remains that of the whole lifetime. */
export function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
  } catch {}
}

export function kilobytesIn(status: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)
  if (match === null) throw new Error(`there is no ${name} in /proc/PID/status`)
  return Number(match[1])
}

/** How many cores the machine uses over the next `ms` milliseconds. */
export async function busyCores(ms: number): Promise<number> {
  const before = busyTicksIn(readFileSync('/proc/stat', 'latin1'))
  const start = performance.now()
  await new Promise(resolve => setTimeout(resolve, ms))
  const after = busyTicksIn(readFileSync('/proc/stat', 'latin1'))
  return (after - before) / TICKS_PER_SECOND / ((performance.now() - start) / 1000)
}

/** All but idle and iowait of the first line of /proc/stat; user time already includes guests. */
export function busyTicksIn(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = stat
    .slice(0, stat.indexOf('\n'))
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return user + nice + system + irq + softirq + steal
}
