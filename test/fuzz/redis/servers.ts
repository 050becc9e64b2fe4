import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '../../examples/redis/connection.js'
import type { Pair } from './search.js'
import { treeOf } from './tree.js'

/** The clone as it is built, from this file's place in `dist/fuzz`. */
const CLONE = new URL('../../../examples/redis/main.js', import.meta.url).pathname

/** Runs redis-server and the clone, each in a process of its own, as long as `use` takes. */
export async function withServers<T>(use: (pair: Pair) => Promise<T>): Promise<T> {
  if (spawnSync('redis-server', ['--version']).error !== undefined)
    throw new Error('redis-server is not installed')
  const directory = mkdtempSync(join(tmpdir(), 'revio-'))
  const pair = { redis: join(directory, 'redis.sock'), clone: join(directory, 'clone.sock') }
  const children: ChildProcess[] = []
  try {
    const quiet = ['--port', '0', '--save', '', '--appendonly', 'no', '--enable-debug-command', 'yes']
    children.push(spawn('redis-server', [...quiet, '--dir', directory, '--unixsocket', pair.redis]))
    children.push(spawn(process.execPath, [CLONE, '--unixsocket', pair.clone]))
    await Promise.all(children.map(said))
    return await use(pair)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Waits until a server says that it listens. */
async function said(child: ChildProcess): Promise<void> {
  let text = ''
  const ready = new Promise<void>(resolve => {
    child.stdout?.on('data', more => {
      text += more
      if (/ready to accept connections|listening on/i.test(text)) resolve()
    })
  })
  child.stderr?.pipe(process.stderr)
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`a server ended: ${text}`)))
  ended.catch(() => {})
  await Promise.race([ready, ended])
}

/** The names of the commands that the server at a path has, with those of subcommands. */
export async function commandsOf(path: string): Promise<string[]> {
  const connection = await Connection.to({ path })
  const reply = treeOf(await connection.ask('COMMAND', 'LIST'))
  connection.close()
  return (reply.items ?? []).map(({ text = '' }) => text)
}
