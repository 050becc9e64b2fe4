import type * as net from 'node:net'

/** Breaks a connection. Node loses the descriptor of a socket that is reset while its end is on the way. */
export function reset(socket: net.Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
