import type * as net from 'node:net'

/** Readies a socket for its next owner: paused, with `unread` in front of what it has. */
export function handOver(socket: net.Socket, unread: readonly Uint8Array[]): net.Socket {
  socket.pause()
  for (const bytes of unread.toReversed()) socket.unshift(bytes)
  // A stream that was paused stays so when its new owner listens; one whose last 'readable' listener has left forgets.
  const forget = () => {}
  socket.on('readable', forget)
  socket.removeListener('readable', forget)
  return socket
}
