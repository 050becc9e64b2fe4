import { Buffer } from 'node:buffer'
import * as net from 'node:net'

/**
 * Returns the descriptor of a socket that the poller can take over without losing a byte. Returns undefined if
 * something such as TLS lies between its bytes and the OS's, or if output is still queued in it.
 */
export function plainDescriptor(socket: net.Socket): number | undefined {
  if (Object.getPrototypeOf(socket) !== net.Socket.prototype) return undefined
  if (socket.destroyed || socket.connecting || socket.readableEncoding !== null) return undefined
  if (socket.writableLength > 0 || socket.writableEnded) return undefined
  const fd = (socket as { _handle?: { fd?: unknown } })._handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/** Returns everything that the socket has read and not emitted; undefined if there is nothing. */
export function takeUnread(socket: net.Socket): Buffer | undefined {
  const unread: Buffer[] = []
  for (let bytes = socket.read() as Buffer | null; bytes !== null; bytes = socket.read()) unread.push(bytes)
  return unread.length === 0 ? undefined : Buffer.concat(unread)
}
