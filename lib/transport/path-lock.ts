import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import * as net from 'node:net'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds to wait for the lock. Only a stopped process holds it for longer. */
const PATIENCE = 10_000

/**
 * Runs `run` while no other server of this library, in any process, does so for the same path. Checking whether a
 * socket is alive and taking over its path are two steps, which must not interleave with another server's.
 *
 * The lock is an abstract socket, which the OS releases when its process dies. Limits: abstract sockets exist on Linux
 * only, one set for each network namespace. Any user can hold one, so the wait is bounded.
 */
export async function withPathLocked<T>(path: string, run: () => Promise<T>): Promise<T> {
  const lock = process.platform === 'linux' ? await acquire(lockName(path)) : undefined
  try {
    return await run()
  } finally {
    lock?.close()
  }
}

/** Returns the same name for every spelling of the path. */
function lockName(path: string): string {
  let folder = dirname(path)
  try {
    const { dev, ino } = statSync(folder, { bigint: true })
    folder = `${dev}:${ino}`
  } catch {
    // The bind reports what is wrong with the folder.
  }
  const digest = createHash('sha256')
    .update(`${folder}/${basename(path)}`)
    .digest('hex')
  return `\0revio-${digest.slice(0, 40)}`
}

async function acquire(name: string): Promise<net.Server | undefined> {
  for (
    const start = performance.now();
    performance.now() - start < PATIENCE;
    await sleep(1 + Math.random() * 9)
  ) {
    const lock = await attempt(name)
    if (lock !== 'taken') return lock
  }
  return undefined
}

/** Returns the lock; undefined if the OS provides none. */
function attempt(name: string): Promise<net.Server | undefined | 'taken'> {
  const lock = net.createServer(peer => peer.destroy())
  return new Promise(resolve => {
    lock.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'taken' : undefined)
    })
    // `exclusive`: otherwise the workers of a cluster would share it.
    lock.listen({ path: name, exclusive: true }, () => resolve(lock))
  })
}
