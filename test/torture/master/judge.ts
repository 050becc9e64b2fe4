import type { ClientRow, ServerRow } from '../messages.js'
import { clientOf } from '../wire.js'
import { LATE, verdict } from './verdict.js'

/** They may end without having identified themselves. */
const SILENT: readonly string[] = ['touch', 'reset']
/** They meet a server with a short timeout, which may expire before they have sent anything. */
const IMPATIENT: readonly string[] = ['stall', 'fall silent', 'overflow', 'reset']

export interface JudgeOptions {
  readonly violated: (text: string) => void
  /** Beyond its limit of descriptors the server rejects clients, instead of letting them wait. */
  readonly turnsAway: boolean
}

/** Matches the two sides of each connection. */
export class Judge {
  /** Connections known from both sides. */
  judged = 0
  /** Of those, the ones that the client broke. */
  resets = 0
  turnedAway = 0
  /** The server is shutting down. */
  ending = false
  readonly #clients = new Map<number, ClientRow>()
  readonly #servers = new Map<number, ServerRow>()
  /** Killed client processes, which could not report. */
  readonly #killed = new Set<number>()
  readonly #options: JudgeOptions
  #latecomers = 0
  /** Of this round's, those whose clients have not been found yet. */
  #late = 0

  constructor(options: JudgeOptions) {
    this.#options = options
  }

  client(row: ClientRow): void {
    const [key] = row
    if (key === 0) return this.#withoutServer(row)
    const server = this.#servers.get(key)
    if (server === undefined) this.#clients.set(key, row)
    else {
      this.#servers.delete(key)
      this.#both(row, server)
    }
  }

  server(row: ServerRow): void {
    const [key] = row
    const client = this.#clients.get(key)
    if (client !== undefined) {
      this.#clients.delete(key)
      this.#both(client, row)
    } else if (this.#servers.has(key)) this.#options.violated(`server: key ${key} was there twice`)
    else this.#servers.set(key, row)
  }

  killed(client: number): void {
    this.#killed.add(client)
  }

  /**
   * Everything has been reported: examines connections known from only one side.
   *
   * @param latecomers - How many connections, in all rounds so far, timed out before the server knew their names.
   */
  endRound(latecomers: number): void {
    this.#late += latecomers - this.#latecomers
    this.#latecomers = latecomers
    for (const row of this.#clients.values()) this.#withoutServer(row)
    this.#late = 0
    for (const row of this.#servers.values()) {
      if (!this.#killed.has(clientOf(row[0])))
        this.#options.violated(`server, ${describe(row)}: no client had it`)
    }
    this.#clients.clear()
    this.#servers.clear()
    this.#killed.clear()
  }

  #both(client: ClientRow, server: ServerRow): void {
    this.judged++
    if (client[4] === 'left') this.resets++
    const fault = verdict(client, server, { ending: this.ending })
    if (fault !== undefined) this.#options.violated(`${describe(client)} / ${describe(server)}: ${fault}`)
  }

  /** A connection whose name the server never learned. */
  #withoutServer(row: ClientRow): void {
    const [key, behaviour, sent, received, fate] = row
    if (fate === 'left') this.resets++
    const silent = key === 0 || (sent === 0 && SILENT.includes(behaviour))
    if (fate === 'left' || (fate === 'ended' && silent) || (this.ending && received === 0)) return
    if (IMPATIENT.includes(behaviour) && received === 0 && this.#late-- > 0) return
    if (this.#options.turnsAway && received === 0 && fate !== 'refused') this.turnedAway++
    else this.#options.violated(`client, ${describe(row)}: the server knows nothing of it`)
  }
}

function describe(row: ClientRow | ServerRow): string {
  if (row.length === 5) {
    const [key, mode, got, gave, code] = row
    return `key ${key} (${mode}) got ${got}, gave ${gave}${code === '' ? '' : `, ${code}`}`
  }
  const [key, behaviour, sent, received, fate, , code, late] = row
  return `key ${key} (${behaviour}) sent ${sent}, received ${received}, ${fate}${code === '' ? '' : ` (${code})`}${late > LATE ? `, ${late} ms late` : ''}`
}
