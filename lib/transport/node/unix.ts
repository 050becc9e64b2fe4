import { Buffer } from 'node:buffer'
import cluster from 'node:cluster'
import { chmodSync, closeSync, linkSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import type * as net from 'node:net'
import { dirname, join } from 'node:path'
import { type Binding, MAX_PATH } from '../../address.js'
import { UnixPath } from '../unix-path.js'
import { listening } from './listening.js'

/** Listens at a Unix socket's path. The returned `close` stops listening and removes the path. */
export async function listenUnix(
  server: net.Server,
  binding: Binding,
): Promise<{ path: string; close: () => void }> {
  const { backlog, mode } = binding
  // The workers of a cluster share one socket, which can have only one name.
  if (mode === undefined || cluster.isWorker) {
    const path = await UnixPath.claim(binding, async name => {
      await listening(server, { path: name, backlog })
      if (mode !== undefined) setMode(server, name, mode)
    })
    // The primary process removes the path of a cluster's workers, after the last of them.
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
 * Listens in a private directory, sets the socket's mode, then links it to its path. `node:net` binds and listens in
 * one step, so a peer could otherwise connect before the mode is set. The OS keeps showing the name in the private
 * directory, for example in `ss`.
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
  // A shorter path to the same directory.
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

/** @throws `EADDRINUSE` if the path exists. */
function publish(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const message = `listen EADDRINUSE: address already in use ${to}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'EADDRINUSE', syscall: 'listen' })
  }
}
