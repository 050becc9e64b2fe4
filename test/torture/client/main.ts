import { setPriority } from 'node:os'
import type { ClientRow, ClientTask, FromClient, Role, ToClient } from '../messages.js'
import { Conversations } from './conversations.js'
import { Machine } from './machine.js'
import { roles } from './roles.js'
import { WaitCounter } from './waits.js'

/** Milliseconds between reports. */
const INTERVAL = 100
/** Other clients yield the processor to the well-behaved ones: the server is measured, not the machine. */
const NICE = 10
/** Clients that only wait for the server. */
const MEASURED: readonly Role[] = ['steady', 'storm']

const task = JSON.parse(process.argv[2] ?? '') as ClientTask
let rows: ClientRow[] = []
let bytes = 0
let stopped = false

function tell(message: FromClient): void {
  if (process.connected) process.send?.(message)
}

function report(): void {
  if (rows.length === 0 && bytes === 0) return
  tell({ kind: 'rows', rows, bytes })
  rows = []
  bytes = 0
}

async function main(): Promise<void> {
  process.on('disconnect', () => process.exit())
  process.on('message', (_message: ToClient) => {
    stopped = true
  })
  if (task.role !== 'steady') setPriority(NICE)
  const conversations = new Conversations({
    task,
    violated: text => tell({ kind: 'violation', text }),
    gone: row => {
      bytes += row[3]
      rows.push(row)
    },
  })
  setInterval(report, INTERVAL).unref()
  const waits = MEASURED.includes(task.role)
    ? new WaitCounter(new Machine([process.pid, task.pid]))
    : undefined
  tell({ kind: 'started' })
  await roles[task.role]({ task, conversations, waits, isStopped: () => stopped })
  report()
  if (waits !== undefined) tell({ kind: 'waits', role: task.role, waits: waits.result() })
  tell({ kind: 'over', connections: conversations.count })
}

await main()
process.disconnect?.()
