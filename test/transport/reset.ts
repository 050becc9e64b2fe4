import type * as net from 'node:net'

/** Resets a connection. Node leaks the descriptor of a socket that is reset while its end is in transit. */
export function reset(socket: net.Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
