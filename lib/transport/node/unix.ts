import { Buffer } from 'node:buffer'
import cluster from 'node:cluster'
import { chmodSync, closeSync, linkSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import type * as net from 'node:net'
import { dirname, join } from 'node:path'
import { type Binding, MAX_PATH } from '../../address.js'
import { UnixPath } from '../unix-path.js'
import { listening } from './listening.js'

/** Has the server listen at a Unix socket's path. `close` listens no more, and removes the path. */
export async function listenUnix(
  server: net.Server,
  binding: Binding,
): Promise<{ path: string; close: () => void }> {
  const { backlog, mode } = binding
  // The workers of a cluster share a socket, which knows one name only.
  if (mode === undefined || cluster.isWorker) {
    const path = await UnixPath.claim(binding, async name => {
      await listening(server, { path: name, backlog })
      if (mode !== undefined) setMode(server, name, mode)
    })
    // For them the primary process removes it, behind the last of them.
    const close = () => void server.close()
    return { path: path.path, close: cluster.isWorker ? close : () => path.sparing(close) }
  }
  const path = await UnixPath.claim(binding, name => listenPrivately(server, name, { mode, backlog }))
  const close = () => {
    path.remove()
    server.close()
  }
  return { path: path.path, close }
}

/**
 * Listens in a folder that nobody else may enter, and gives the socket its name when it has its mode: `node:net` binds
 * and listens in one step, and whoever connects in between has got in. The name by which the socket is known to the
 * system, as `ss` shows it, stays the one in the folder.
 */
async function listenPrivately(
  server: net.Server,
  name: string,
  { mode, backlog }: { mode: number; backlog: number },
): Promise<void> {
  const folder = mkdtempSync(join(dirname(name), '.revio-'))
  try {
    await listenIn(folder, server, backlog)
    try {
      chmodSync(join(folder, 's'), mode)
      publish(join(folder, 's'), name)
    } catch (error) {
      server.close()
      throw error
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function listenIn(folder: string, server: net.Server, backlog: number): Promise<void> {
  const path = join(folder, 's')
  if (Buffer.byteLength(path) <= MAX_PATH || process.platform !== 'linux') {
    return listening(server, { path, backlog })
  }
  // A shorter name for the same place.
  const descriptor = openSync(folder, 'r')
  try {
    await listening(server, { path: `/proc/self/fd/${descriptor}/s`, backlog })
  } finally {
    closeSync(descriptor)
  }
}

function setMode(server: net.Server, path: string, mode: number): void {
  try {
    chmodSync(path, mode)
  } catch (error) {
    server.close()
    throw error
  }
}

/** @throws `EADDRINUSE` when something is there already. */
function publish(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const message = `listen EADDRINUSE: address already in use ${to}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'EADDRINUSE', syscall: 'listen' })
  }
}
