import type { Outcome, Plan, Rival, Row, Sample, Target, Trial } from './plan.js'
import { demand, MissingProgram } from './programs.js'
import type { Progress } from './progress.js'
import { start } from './server.js'

type MutableRow = Row & { samples: Sample[] }

/**
 * Runs a plan. Every rival passes every trial's check and is warmed up, then is measured in rounds, one rival after
 * another within a trial, so that other load on the machine affects them all alike. Each round starts with another
 * rival. If a rival fails, the failure is recorded and the others continue.
 */
export async function run(plan: Plan, progress: Progress): Promise<Outcome> {
  const runner = new Runner(plan, progress)
  try {
    await runner.startRivals()
    for (let round = 0; round < plan.rounds; round++) await runner.round(round)
  } finally {
    await runner.stopRivals()
    await plan.close?.()
    progress.end()
  }
  return runner.outcome()
}

class Runner {
  readonly #plan: Plan
  readonly #progress: Progress
  /** How to reach each rival that takes part; `fresh` plans start it for each measurement. */
  readonly #open = new Map<Rival, <T>(use: (target: Target) => Promise<T>) => Promise<T>>()
  readonly #stops: (() => Promise<void>)[] = []
  readonly #rows = new Map<Trial, Map<Rival, MutableRow>>()
  readonly #rates = new Map<Trial, number>()
  #measured = 0
  readonly #skipped: string[] = []
  readonly #failed: string[] = []

  constructor(plan: Plan, progress: Progress) {
    this.#plan = plan
    this.#progress = progress
  }

  outcome(): Outcome {
    const rows = [...this.#rows.values()].flatMap(byRival => [...byRival.values()])
    return { rows: rows.filter(row => row.samples.length > 0), skipped: this.#skipped, failed: this.#failed }
  }

  async startRivals(): Promise<void> {
    for (const rival of this.#plan.rivals) {
      try {
        if (rival.needs !== undefined) demand(rival.needs)
        await this.#startRival(rival)
      } catch (error) {
        this.#note(rival.name, error)
      }
    }
  }

  async #startRival(rival: Rival): Promise<void> {
    this.#progress.status(`starting ${rival.name}`)
    if (this.#plan.fresh) {
      this.#open.set(rival, async use => {
        const target = await start(rival)
        return use(target).finally(() => target.stop())
      })
    } else {
      const target = await start(rival)
      this.#stops.push(() => target.stop())
      this.#open.set(rival, use => use(target))
    }
  }

  async stopRivals(): Promise<void> {
    await Promise.all(this.#stops.map(stop => stop()))
  }

  async round(round: number): Promise<void> {
    for (const trial of this.#plan.trials) {
      if (round === 0) await this.#prepare(trial)
      const inOrder = [...(this.#rows.get(trial)?.keys() ?? [])]
      const first = round % Math.max(1, inOrder.length)
      for (const rival of [...inOrder.slice(first), ...inOrder.slice(0, first)]) {
        await this.#measure(trial, rival, round)
      }
    }
  }

  /** Checks and warms up; adds a row for each rival that passes. */
  async #prepare(trial: Trial): Promise<void> {
    const rows = new Map<Rival, MutableRow>()
    this.#rows.set(trial, rows)
    for (const rival of this.#plan.rivals) {
      if (trial.takes?.(rival.name) === false) continue
      await this.#attempt(trial, rival, async target => {
        this.#progress.status(`checking and warming up · ${title(trial)} · ${rival.name}`)
        await trial.check(target).catch(why => {
          throw new WrongAnswer(why)
        })
        const rate = await trial.warmUp(target)
        this.#rates.set(trial, Math.max(rate, this.#rates.get(trial) ?? 0))
        rows.set(rival, { trial: trial.name, group: trial.group, server: rival.name, samples: [] })
      })
    }
  }

  /** The number of measurements in a round if none fails. */
  get #measurements(): number {
    const rivals = [...this.#open.keys()]
    const counts = this.#plan.trials.map(
      trial => rivals.filter(({ name }) => trial.takes?.(name) !== false).length,
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async #measure(trial: Trial, rival: Rival, round: number): Promise<void> {
    const { seconds, rounds, metrics } = this.#plan
    const row = this.#rows.get(trial)?.get(rival)
    const total = rounds * this.#measurements
    const where = `${++this.#measured}/${total} · round ${round + 1} · ${title(trial)} · ${rival.name}`
    this.#progress.status(where)
    await this.#attempt(trial, rival, async target => {
      const sample = await trial.measure(target, {
        seconds,
        requests: (this.#rates.get(trial) ?? 0) * seconds,
      })
      row?.samples.push(sample)
      const figures = metrics
        .slice(0, 2)
        .map(({ key, title, format }) => `${format(sample[key] ?? Number.NaN)} ${title}`)
      this.#progress.done(`${where} · ${figures.join(' · ')}`)
    })
  }

  /** Runs `use` with a rival; if that fails, records why and drops this trial for this rival. */
  async #attempt(trial: Trial, rival: Rival, use: (target: Target) => Promise<void>): Promise<void> {
    try {
      await this.#open.get(rival)?.(use)
    } catch (error) {
      this.#rows.get(trial)?.delete(rival)
      // A wrong response is wrong under any load, so it is recorded once.
      const where = error instanceof WrongAnswer ? trial.name : title(trial)
      this.#note(`${where}: ${rival.name}`, error)
    }
  }

  #note(who: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    const note = `${who}: ${why}`
    const notes = isForWantOfSomething(error) ? this.#skipped : this.#failed
    if (notes.includes(note)) return
    notes.push(note)
    this.#progress.line(`  ${notes === this.#skipped ? 'skipped' : 'FAILED'}  ${note}`)
  }
}

/** The server does not respond as the trial requires. */
class WrongAnswer extends Error {
  constructor(why: unknown) {
    super(why instanceof Error ? why.message : String(why), { cause: why })
  }
}

/** A program that is not installed, or the native transport that was not built, is no failure. */
function isForWantOfSomething(error: unknown): boolean {
  return error instanceof MissingProgram || (error instanceof Error && error.message.includes('ERR_NATIVE'))
}

function title(trial: Trial): string {
  return `${trial.name}, ${trial.group}`
}
