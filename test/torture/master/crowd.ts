import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../simulate/random.js'
import type { ClientRow, ClientTask, FromClient, Role, ToClient, Waits } from '../messages.js'
import { Child } from './child.js'
import { type Plan, SHORT_AT_ONCE } from './plan.js'

/** Milliseconds for stopped clients to end. */
const PATIENCE = 45_000
/** The most client processes at a time that a key can identify. */
const MAX_CLIENT = 4095

export interface CrowdOptions {
  readonly plan: Plan
  readonly seed: number
  readonly places: ClientTask['places']
  /** The server's process. */
  readonly pid: number
  readonly random: Random
  readonly rows: (rows: readonly ClientRow[], bytes: number) => void
  readonly waits: (role: Role, waits: Waits) => void
  /** A client process was killed. */
  readonly killed: (client: number) => void
  readonly violated: (text: string) => void
}

type Client = Child<FromClient, ToClient>
type Part = Pick<ClientTask, 'role' | 'connections'> & { readonly total?: number }

interface Member {
  readonly client: Client
  readonly started: Promise<unknown>
  readonly over: Promise<unknown>
}

/** The client processes of all rounds. */
export class Crowd {
  readonly #options: CrowdOptions
  #lastClient = 0
  #stopping = false
  /** Those of this round, and how each ends. */
  #members: Member[] = []
  #dying: Promise<void> = Promise.resolve()

  constructor(options: CrowdOptions) {
    this.#options = options
  }

  /** Starts a round's processes; resolves when they are working. */
  async start(): Promise<void> {
    const { plan } = this.#options
    this.#stopping = false
    if (plan.steady > 0) this.#add({ role: 'steady', connections: plan.steady })
    for (const connections of plan.rough) this.#add({ role: 'rough', connections })
    if (plan.storm > 0) this.#add({ role: 'storm', connections: plan.storm })
    for (const total of plan.short) this.#add({ role: 'short', connections: SHORT_AT_ONCE, total })
    if (plan.mortal > 0) this.#dying = this.#liveAndDie()
    await Promise.all(this.#members.map(({ started }) => started))
  }

  /** Resolves when all have ended: those with a fixed number of connections, or, after `stop`, all. */
  async over(): Promise<void> {
    await Promise.all(this.#members.map(({ over }) => over))
    this.#members = []
  }

  /** Lets conversations in progress end. Kills and reports processes that take too long. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const { client } of this.#members) client.send({ kind: 'stop' })
    const impatience = setTimeout(() => {
      for (const { client } of this.#members) client.kill()
    }, PATIENCE)
    await this.#dying
    await this.over()
    clearTimeout(impatience)
  }

  /** Kills all running processes at once. */
  kill(): void {
    this.#stopping = true
    for (const { client } of this.#members) client.kill()
  }

  #add(part: Part): void {
    const [client, number] = this.#spawn(part)
    // `over` reports a process that ends before it has started.
    const started = client.next('started', PATIENCE).catch(() => {})
    this.#members.push({ client, started, over: this.#end(client, number) })
  }

  #spawn({ role, connections, total = 0 }: Part) {
    const { seed, places, pid, rows, waits, violated } = this.#options
    this.#lastClient = (this.#lastClient % MAX_CLIENT) + 1
    const number = this.#lastClient
    const task: ClientTask = { role, connections, total, client: number, seed, places, pid }
    const heard = (message: FromClient) => {
      if (message.kind === 'rows') rows(message.rows, message.bytes)
      else if (message.kind === 'waits') waits(message.role, message.waits)
      else if (message.kind === 'violation') violated(message.text)
    }
    return [new Child<FromClient, ToClient>({ program: 'client/main.js', task, heard }), number] as const
  }

  async #end(client: Client, number: number): Promise<void> {
    const code = await client.ended
    if (code === 0) return
    const why = code === null ? 'it did not come to its end, and was killed' : client.lastWords
    this.#options.violated(`client process ${number}: ${why}`)
  }

  /** One process at a time, killed in the middle of its conversations; the last of a round ends by itself. */
  async #liveAndDie(): Promise<void> {
    const { plan, random, killed } = this.#options
    while (!this.#stopping) {
      const [client, number] = this.#spawn({ role: 'rough', connections: plan.mortal })
      const end = performance.now() + random.between(700, 2500)
      while (performance.now() < end && !this.#stopping) await sleep(20)
      killed(number)
      client.kill()
      await client.ended
    }
  }
}
