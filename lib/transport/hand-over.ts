import type * as net from 'node:net'

/** Prepares a socket for its next owner: pauses it, and puts `unread` in front of its input. */
export function handOver(socket: net.Socket, unread: readonly Uint8Array[]): net.Socket {
  socket.pause()
  for (const bytes of unread.toReversed()) socket.unshift(bytes)
  // A stream paused explicitly stays paused when its next owner adds a listener. Removing the last 'readable' listener
  // resets that state.
  const forget = () => {}
  socket.on('readable', forget)
  socket.removeListener('readable', forget)
  return socket
}
