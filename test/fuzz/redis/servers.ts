import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '../../examples/redis/connection.js'
import { launchRedis, saying } from '../../examples/redis/redis-server.js'
import { built } from '../../paths.js'
import type { Pair } from './search.js'
import { treeOf } from './tree.js'

const CLONE = built('examples/redis/main.js')

/** Runs redis-server and the clone, each in its own process, for the duration of `use`. */
export async function withServers<T>(use: (pair: Pair) => Promise<T>): Promise<T> {
  if (spawnSync('redis-server', ['--version']).error !== undefined)
    throw new Error('redis-server is not installed')
  const directory = mkdtempSync(join(tmpdir(), 'revio-'))
  const children: ChildProcess[] = []
  try {
    const redis = await launchRedis(directory)
    children.push(redis.child)
    const clone = join(directory, 'clone.sock')
    const child = spawn(process.execPath, [CLONE, '--unixsocket', clone], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    await saying(child, 'Listening on')
    return await use({ redis: redis.path, clone })
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The names of the commands of the server at a path, including subcommands. */
export async function commandsOf(path: string): Promise<string[]> {
  const connection = await Connection.to({ path })
  const reply = treeOf(await connection.ask('COMMAND', 'LIST'))
  connection.close()
  return (reply.items ?? []).map(({ text = '' }) => text)
}
