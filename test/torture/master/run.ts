import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../../simulate/random.js'
import type { FromServer, Quiet, Role, ServerCounts, ServerTask, ToServer, Waits } from '../messages.js'
import type { TortureOptions, Transport } from '../options.js'
import type { Place } from '../wire.js'
import { Child } from './child.js'
import { Crowd } from './crowd.js'
import { Judge } from './judge.js'
import { growth, leftover } from './leftover.js'
import { type Glimpse, NO_WAITS, type Outcome, worseOf } from './outcome.js'
import { type Plan, planOf } from './plan.js'

/** The most microseconds that a well-behaved client may wait, without the machine's part. */
const LONGEST_WAIT = 250_000
/** The same for using a free descriptor while clients wait. */
const LONGEST_RECOVERY = 1_000_000
/** Milliseconds. */
const START = 15_000
const SETTLE = 30_000
const SHUTDOWN = 10_000
/** Milliseconds that clients run before the server shuts down. */
const LAST_WORDS = 700
/** A violation rarely occurs only once. */
const MOST_LINES = 40

/** This machine lacks what the run needs. */
export class MissingTransport extends Error {}

/** One run: a server, and rounds of clients. */
export class Run {
  readonly #transport: Transport
  readonly #options: TortureOptions
  readonly #onViolation: (text: string) => void
  readonly #plan: Plan
  readonly #judge: Judge
  readonly #start = performance.now()
  readonly #folder = mkdtempSync(join(tmpdir(), 'torture-'))
  readonly #violations: string[] = []
  #violated = 0
  #bytes = 0
  #killed = 0
  #round = 0
  #counts: ServerCounts | undefined
  #waits = NO_WAITS
  #room = NO_WAITS

  /** @param onViolation - Receives each violation at once. */
  constructor(transport: Transport, options: TortureOptions, onViolation: (text: string) => void) {
    this.#transport = transport
    this.#onViolation = onViolation
    this.#options = options
    this.#plan = planOf(options)
    this.#judge = new Judge({ turnsAway: transport === 'net', violated: text => this.#violate(text) })
  }

  glimpse(): Glimpse {
    return {
      transport: this.#transport,
      seconds: (performance.now() - this.#start) / 1000,
      round: Math.min(this.#round, this.#plan.rounds),
      rounds: this.#plan.rounds,
      opened: this.#counts?.opened ?? 0,
      bytes: this.#bytes + (this.#counts?.bytes ?? 0),
      resets: this.#judge.resets,
      violations: this.#violated,
    }
  }

  /** Rejects only if the server can't be started, or exits. */
  async toEnd(): Promise<Outcome> {
    const server = this.#startServer()
    process.once('exit', this.#tidy)
    let crowd: Crowd | undefined
    try {
      const { places, missing } = await server.next('ready', START)
      if (missing !== undefined) throw new MissingTransport(missing)
      const before = await this.#settle(server)
      crowd = this.#crowd(places, server.pid)
      const quiets: Quiet[] = []
      for (this.#round = 1; this.#round <= this.#plan.rounds; this.#round++) {
        quiets.push(await this.#playRound(crowd, server, before))
      }
      if (this.#options.short === 0) await this.#shutDown(crowd, server)
      const [first = before, last = first] = [quiets[0], quiets.at(-1)]
      this.#check(...growth(first, last))
      return this.#outcome(before, first, last)
    } finally {
      crowd?.kill()
      server.kill()
      process.removeListener('exit', this.#tidy)
      this.#tidy()
    }
  }

  readonly #tidy = (): void => rmSync(this.#folder, { recursive: true, force: true })

  #startServer() {
    const { seed, fault } = this.#options
    const task: ServerTask = { transport: this.#transport, seed, fault, folder: this.#folder }
    return new Child<FromServer, ToServer>({
      program: 'server/main.js',
      task,
      descriptors: this.#plan.descriptors,
      heard: message => {
        if (message.kind === 'rows') for (const row of message.rows) this.#judge.server(row)
        else if (message.kind === 'counts') this.#counts = message.counts
        else if (message.kind === 'violation') this.#violate(message.text)
      },
    })
  }

  #crowd(places: readonly Place[], pid: number): Crowd {
    const { seed } = this.#options
    return new Crowd({
      plan: this.#plan,
      seed,
      places,
      pid,
      random: new Random(seed),
      rows: (rows, bytes) => {
        this.#bytes += bytes
        for (const row of rows) this.#judge.client(row)
      },
      waits: (role, waits) => this.#waited(role, waits),
      killed: client => {
        this.#killed++
        this.#judge.killed(client)
      },
      violated: text => this.#violate(text),
    })
  }

  async #playRound(crowd: Crowd, server: Child<FromServer, ToServer>, before: Quiet): Promise<Quiet> {
    await crowd.start()
    if (this.#options.short > 0) await crowd.over()
    else {
      await sleep(this.#plan.round)
      await crowd.stop()
    }
    const quiet = await this.#settle(server)
    this.#judge.endRound(quiet.counts.latecomers)
    this.#check(...leftover(before, quiet))
    return quiet
  }

  async #settle(server: Child<FromServer, ToServer>): Promise<Quiet> {
    server.send({ kind: 'settle' })
    const quiet = await server.next('quiet', SETTLE)
    this.#counts = quiet.counts
    return quiet
  }

  /** The server shuts down while its clients are working. */
  async #shutDown(crowd: Crowd, server: Child<FromServer, ToServer>): Promise<void> {
    await crowd.start()
    await sleep(LAST_WORDS)
    this.#judge.ending = true
    server.send({ kind: 'shutdown' })
    await server.next('over', SHUTDOWN)
    await crowd.stop()
    const quiet = await this.#settle(server)
    this.#judge.endRound(quiet.counts.latecomers)
    this.#check(...leftover(quiet, quiet))
    server.send({ kind: 'leave' })
    const code = await Promise.race([server.ended, sleep(SHUTDOWN, 'late', { ref: false })])
    if (code === 'late') this.#violate('server: something keeps the process after serve has resolved')
    else if (code !== 0) this.#violate(`server: ended with ${code ?? 'a signal'}: ${server.lastWords}`)
  }

  #waited(role: Role, waits: Waits): void {
    // In the last round, clients have hardly started when the server shuts down.
    if (this.#judge.ending) return
    const wait = `${(waits.longestBare / 1000).toFixed(0)} ms`
    if (role === 'steady') {
      this.#waits = worseOf(this.#waits, waits)
      if (waits.longestBare > LONGEST_WAIT) this.#violate(`a well-behaved client waited ${wait}`)
    } else {
      this.#room = worseOf(this.#room, waits)
      if (waits.longestBare > LONGEST_RECOVERY) this.#violate(`a free descriptor was not used for ${wait}`)
    }
  }

  #check(...lines: string[]): void {
    for (const line of lines)
      this.#violate(`server, after round ${Math.min(this.#round, this.#plan.rounds)}: ${line}`)
  }

  #violate(text: string): void {
    this.#violated++
    if (this.#violations.length === MOST_LINES) return
    this.#violations.push(text)
    this.#onViolation(text)
  }

  #outcome(before: Quiet, first: Quiet, last: Quiet): Outcome {
    const { resets, judged, turnedAway } = this.#judge
    const counts = this.#counts ?? last.counts
    const rest = this.#violated - this.#violations.length
    return {
      transport: this.#transport,
      plan: this.#plan,
      seconds: (performance.now() - this.#start) / 1000,
      judged,
      bytes: this.#bytes + counts.bytes,
      resets,
      killed: this.#killed,
      turnedAway,
      counts,
      waits: this.#waits,
      room: this.#room,
      before,
      first,
      last,
      violations: rest > 0 ? [...this.#violations, `and ${rest} more`] : this.#violations,
    }
  }
}
