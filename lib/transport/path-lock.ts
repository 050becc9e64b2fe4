import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import * as net from 'node:net'
import { basename, dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than anybody holds a lock who is not stopped, in milliseconds. */
const PATIENCE = 10_000

/**
 * Runs `run` while no other server of this library, in any process, does the same for the same path: to look whether a
 * socket is alive and to take its path over are two steps.
 *
 * The lock is an abstract socket, which the system gives back when its process dies. Its limits: Linux alone has them,
 * each network namespace for itself; and as any user can take one, it is not waited for without end.
 */
export async function withPathLocked<T>(path: string, run: () => Promise<T>): Promise<T> {
  const lock = process.platform === 'linux' ? await acquire(lockName(path)) : undefined
  try {
    return await run()
  } finally {
    lock?.close()
  }
}

/** The same for every way to write the path. */
function lockName(path: string): string {
  let folder = dirname(path)
  try {
    const { dev, ino } = statSync(folder, { bigint: true })
    folder = `${dev}:${ino}`
  } catch {
    // Binding will tell what is wrong with the folder.
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

/** The lock; undefined where the system has none to give. */
function attempt(name: string): Promise<net.Server | undefined | 'taken'> {
  const lock = net.createServer(peer => peer.destroy())
  return new Promise(resolve => {
    lock.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'taken' : undefined)
    })
    // `exclusive`: workers of a cluster would share it.
    lock.listen({ path: name, exclusive: true }, () => resolve(lock))
  })
}
