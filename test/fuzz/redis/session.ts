import { Buffer } from 'node:buffer'
import { Connection, encode } from '../../examples/redis/connection.js'
import type { Batch } from './compare.js'
import type { Step, Transcript } from './transcript.js'
import { type Tree, treeOf } from './tree.js'

/** The maximum time for one reply. */
const PATIENCE = 10_000

/** Resets the settings that transcripts change. */
const SETTINGS = ['maxmemory-policy', 'noeviction', 'slowlog-max-len', '128']

/** Sends a transcript to the server at a path, and returns its replies. */
export async function play(path: string, { protocols, steps }: Transcript): Promise<Batch[]> {
  const connections = protocols.map(protocol => new Session(path, protocol))
  try {
    await connections[0]?.say([['FLUSHALL'], ['CONFIG', 'SET', ...SETTINGS]])
    const batches: Batch[] = []
    for (const run of runs(steps)) {
      const session = connections[run[0]?.connection ?? 0]
      const replies = (await session?.say(run.map(({ args }) => args))) ?? []
      batches.push({ steps: run, replies })
    }
    return batches
  } finally {
    for (const each of connections) each.close()
  }
}

/** Consecutive steps of one connection. */
function runs(steps: readonly Step[]): Step[][] {
  const found: Step[][] = []
  for (const step of steps) {
    const last = found.at(-1)
    if (last?.[0]?.connection === step.connection) last.push(step)
    else found.push([step])
  }
  return found
}

/** A connection that reconnects after the server has closed it. */
class Session {
  readonly #path: string
  readonly #protocol: number
  #connection: Connection | undefined
  #sentinels = 0

  constructor(path: string, protocol: number) {
    this.#path = path
    this.#protocol = protocol
  }

  /** All replies to these commands, and anything else received up to the last of them. */
  async say(commands: readonly (readonly string[])[]): Promise<Tree[]> {
    const replies: Tree[] = []
    const connection = await this.#open()
    // It has a reply in every state of a connection, and changes only a transaction's state.
    const sentinel = `sentinel-${++this.#sentinels}`
    const bytes = [...commands, [sentinel]].map(args => encode(args.map(arg => Buffer.from(arg, 'latin1'))))
    connection.socket.write(Buffer.concat(bytes))
    for (;;) {
      const reply = await patiently(connection.reply())
      if (typeof reply === 'string') {
        this.close()
        return [...replies, { type: '!', text: reply }]
      }
      const tree = treeOf(reply)
      if (tree.type === '-' && tree.text?.includes(`'${sentinel}'`)) return replies
      replies.push(tree)
    }
  }

  close(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  async #open(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection
    this.#connection = await Connection.to({ path: this.#path })
    if (this.#protocol === 3) await this.#connection.ask('HELLO', '3')
    return this.#connection
  }
}

/** The reply, or why there is none. */
async function patiently(reply: Promise<Buffer>): Promise<Buffer | string> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>(resolve => {
    timer = setTimeout(resolve, PATIENCE, `no reply within ${PATIENCE} ms`)
  })
  try {
    return await Promise.race([reply, late])
  } catch {
    return 'closed'
  } finally {
    clearTimeout(timer)
  }
}
