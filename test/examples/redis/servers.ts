import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, serve } from 'revio'
import type { Test } from 'tap'
import { Instance } from '../../../examples/redis/instance.js'
import { redis } from '../../../examples/redis/server.js'
import { launchRedis } from './redis-server.js'

/** Why there is no redis-server to compare with; false if there is one. */
export const noRedisServer = missing('redis-server')
export const noRedisCli = missing('redis-cli')
export const noRedisBenchmark = missing('redis-benchmark')

function missing(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`
}

export interface Clone {
  instance: Instance
  loop: Server
  path: string
  port: number
}

/** The clone, in this process, on a Unix socket and on a TCP port. */
export async function startClone(t: Test): Promise<Clone> {
  const instance = new Instance()
  const events = redis(instance)
  const path = join(temporary(t), 'clone.sock')
  let done: Promise<void> = Promise.resolve()
  const loop = await new Promise<Server>((resolve, reject) => {
    const serving = (server: Server) => {
      resolve(server)
      return events.serving?.(server)
    }
    done = serve({ ...events, serving }, `unix://${path}`, 'tcp://127.0.0.1:0')
    done.catch(reject)
  })
  t.teardown(async () => {
    loop.shutdown({ timeout: 0 })
    await done
  })
  return { instance, loop, path, port: loop.addresses[1]?.port ?? 0 }
}

/** redis-server without persistence, on a Unix socket. */
export async function startRedis(t: Test): Promise<{ path: string }> {
  const { child, path } = await launchRedis(temporary(t))
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return { path }
}

/** A temporary directory whose path is short enough for a Unix socket. */
function temporary(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
