import { exchange } from '../exchange.js'
import { startEchoLoad } from '../load/echo.js'
import type { EchoFigures, EchoWork } from '../load/echo-client.js'
import { LONGEST, Pattern } from '../load/pattern.js'
import type { Sample, Target, Trial } from '../plan.js'

/** The parameters that the echo bench varies, and their values. */
export const sizes = [64, 1024, 65_536]
export const connections = [1, 50, 500]
export const inFlight = [1, 16]

/** The work of an echo trial, without the server's address and the duration. */
export type Work = Omit<EchoWork, 'port' | 'seconds'>

/** Measures time and memory of the relevant processes. */
export interface Meter {
  cpuSeconds(): number
  forgetPeak(): void
  peakBytes(): number
}

export interface EchoTrialOptions {
  readonly name: string
  /** Seconds of it. */
  readonly warmUp: number
  readonly meterOf: (pid: number) => Meter
}

/** Echoed messages, whichever server echoes them. */
export function echoTrial(work: Work, { name, warmUp, meterOf }: EchoTrialOptions): Trial {
  const measure = (target: Target, seconds: number) => measureEcho(work, seconds, target, meterOf)
  return {
    name,
    group: `${work.inFlight} in flight`,
    check: target => check(work.size, target),
    warmUp: async target => (await measure(target, warmUp)).requestsPerSecond ?? 0,
    measure: (target, { seconds }) => measure(target, seconds),
  }
}

async function check(size: number, { port }: Target): Promise<void> {
  const message = new Pattern().at(0, Math.min(size, LONGEST))
  await exchange(port, message, message)
}

async function measureEcho(
  work: Work,
  seconds: number,
  { port, pid }: Target,
  meterOf: (pid: number) => Meter,
): Promise<Sample> {
  const load = await startEchoLoad({ ...work, port, seconds })
  try {
    const meter = meterOf(pid)
    meter.forgetPeak()
    const before = meter.cpuSeconds()
    const { requests, p50, p99, mismatches, ...figures } = await load.run<EchoFigures>()
    if (mismatches > 0) throw new Error(`${mismatches} bytes came back wrong`)
    const cpuPerRequest = (meter.cpuSeconds() - before) / requests
    const peak = meter.peakBytes()
    return { requestsPerSecond: requests / figures.seconds, cpuPerRequest, p50, p99, peak }
  } finally {
    await load.close()
  }
}
