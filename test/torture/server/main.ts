import { join } from 'node:path'
import { type Server, serve } from 'revio'
import type { FromServer, ServerCounts, ServerRow, ServerTask, ToServer } from '../messages.js'
import type { Place } from '../wire.js'
import { addressesOf, DOORS } from './doors.js'
import { Echo, WatchedEcho } from './handlers.js'
import { Ledger } from './ledger.js'
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

/** What is still running after this counts as left over, and keeps the process alive. */
function leave(): void {
  process.removeAllListeners('disconnect')
  process.disconnect?.()
}

function report(): void {
  if (rows.length > 0) tell({ kind: 'rows', rows })
  rows = []
  tell({ kind: 'counts', counts })
}

/** A running loop. */
interface Running {
  readonly ledger: Ledger
  readonly server: Server
  readonly done: Promise<void>
}

/** Starts a loop. Two of them run in this thread, because they must not affect each other. */
async function start(name: string, Handlers: typeof Echo): Promise<Running> {
  const ledger = new Ledger({ counts, violated, gone: row => rows.push(row) })
  const { seed, fault, transport, folder } = task
  let done: Promise<void> = Promise.resolve()
  const server = await new Promise<Server>((serving, failed) => {
    const events = new Handlers({ ledger, counts, seed, fault, serving, violated })
    done = serve(events, ...addressesOf(transport, join(folder, `${name}.sock`)))
    done.catch(failed)
  })
  return { ledger, server, done }
}

function placesOf(server: Server): Place[] {
  return server.addresses.map(({ port, path }, index) => ({ door: DOORS[index] ?? 'tcp', port, path }))
}

async function main(): Promise<void> {
  process.on('warning', warning => {
    violated(`server, a warning: ${warning.stack ?? warning.message}`)
  })
  process.on('uncaughtExceptionMonitor', error =>
    violated(`server, uncaught: ${error.stack ?? error.message}`),
  )
  process.on('disconnect', () => process.exit(1))
  const loops = [await start('plain', Echo), await start('watched', WatchedEcho)] as const
  const settling: Settling = {
    counts,
    report,
    isQuiet: () => loops.every(({ ledger, server }) => ledger.empty && server.connections === 0),
  }
  process.on('message', ({ kind }: ToServer) => {
    if (kind === 'settle') settle(settling).then(tell, error => violated(`server: ${error}`))
    else if (kind === 'shutdown') for (const { server } of loops) server.shutdown()
    else leave()
  })
  setInterval(report, INTERVAL).unref()
  const places = loops.flatMap(({ server }) => placesOf(server))
  const [{ server }] = loops
  const missing = task.transport === 'native' ? server.transportError?.message : undefined
  tell({ kind: 'ready', places, missing })
  await Promise.all(loops.map(({ done }) => done))
  for (const { ledger } of loops) {
    if (ledger.open > 0)
      violated(`server: serve resolved with ${ledger.open} connections neither closed nor detached`)
  }
  tell({ kind: 'over' })
}

await main()
