import { join } from 'node:path'
import { type Server, serve } from 'revio'
import type { FromServer, ServerCounts, ServerRow, ServerTask, ToServer } from '../messages.js'
import type { Place } from '../wire.js'
import { addressesOf, DOORS } from './doors.js'
import { handlers } from './handlers.js'
import { Ledger } from './ledger.js'
import { THROWN } from './mischief.js'
import { type Settling, settle } from './quiet.js'

/** Milliseconds between reports. */
const INTERVAL = 100

const task = JSON.parse(process.argv[2] ?? '') as ServerTask
const counts: ServerCounts = {
  opened: 0,
  closed: 0,
  detached: 0,
  nameless: 0,
  latecomers: 0,
  bytes: 0,
  throws: 0,
  pauses: 0,
  codes: {},
}
let rows: ServerRow[] = []

function tell(message: FromServer): void {
  if (process.connected) process.send?.(message)
}

function violated(text: string): void {
  tell({ kind: 'violation', text })
}

/** What still runs after this is left over, and keeps the process. */
function leave(): void {
  process.removeAllListeners('disconnect')
  process.disconnect?.()
}

function report(): void {
  if (rows.length > 0) tell({ kind: 'rows', rows })
  rows = []
  tell({ kind: 'counts', counts })
}

/** One loop; two of them run in this thread, as they must not mind each other. */
class Echo {
  readonly ledger = new Ledger({
    counts,
    violated,
    gone: row => rows.push(row),
  })
  readonly done: Promise<void>
  readonly ready: Promise<Server>

  constructor(name: string, watched: boolean) {
    const path = join(task.folder, `${name}.sock`)
    const { ledger } = this
    let serving: (server: Server) => void = () => {}
    this.ready = new Promise(resolve => {
      serving = resolve
    })
    const events = handlers({
      ledger,
      counts,
      seed: task.seed,
      watched,
      fault: task.fault,
      serving,
      violated,
    })
    this.done = serve(events, ...addressesOf(task.transport, path))
  }
}

function placesOf(server: Server): Place[] {
  return server.addresses.map(({ port, path }, index) => ({ door: DOORS[index] ?? 'tcp', port, path }))
}

async function main(): Promise<void> {
  process.on('warning', warning => {
    if (!warning.message.includes(THROWN)) violated(`server, a warning: ${warning.stack ?? warning.message}`)
  })
  process.on('uncaughtExceptionMonitor', error =>
    violated(`server, uncaught: ${error.stack ?? error.message}`),
  )
  process.on('disconnect', () => process.exit(1))
  const echoes = [new Echo('plain', false), new Echo('watched', true)]
  const servers = await Promise.all(echoes.map(({ ready }) => ready))
  const settling: Settling = {
    counts,
    report,
    isQuiet: () =>
      echoes.every(({ ledger }) => ledger.empty) && servers.every(server => server.connections === 0),
  }
  process.on('message', ({ kind }: ToServer) => {
    if (kind === 'settle') settle(settling).then(tell, error => violated(`server: ${error}`))
    else if (kind === 'shutdown') for (const server of servers) server.shutdown()
    else leave()
  })
  setInterval(report, INTERVAL).unref()
  const places = servers.flatMap(placesOf)
  tell({ kind: 'ready', places, transport: task.transport })
  await Promise.all(echoes.map(({ done }) => done))
  for (const { ledger } of echoes) {
    if (ledger.open > 0)
      violated(`server: serve resolved with ${ledger.open} connections neither closed nor detached`)
  }
  tell({ kind: 'over' })
}

await main()
