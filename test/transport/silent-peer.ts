import * as net from 'node:net'
import { Action, serve } from '../../lib/index.js'

/** How a connection ended whose peer stopped reading, on the clock of `performance`. */
export interface Silenced {
  readonly error: NodeJS.ErrnoException | undefined
  readonly closed: number
  /** What `read` returned; Infinity if it was closed before. */
  readonly stopped: number
}

/**
 * Sends much to a peer that reads as `read` does, which returns when it stopped. Resolves when the connection is
 * closed.
 */
export async function silenced(
  transport: 'native' | 'net',
  writeTimeout: number,
  read: (socket: net.Socket, isClosed: () => boolean) => Promise<number>,
): Promise<Silenced> {
  let stopped = Number.POSITIVE_INFINITY
  let closed = 0
  let socket: net.Socket | undefined
  let error: NodeJS.ErrnoException | undefined
  await serve(
    {
      serving(server) {
        socket = net.connect({ port: server.addresses[0]?.port ?? 0, host: '127.0.0.1' })
        socket.on('error', () => {})
        socket.on('readable', () => {})
        void read(socket, () => closed > 0).then(when => {
          stopped = when
        })
      },
      opened: () => [Buffer.alloc(12_000_000), { writeTimeout }],
      closed(_id, why) {
        closed = performance.now()
        error = why
        return Action.Shutdown
      },
    },
    `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`,
  )
  socket?.destroy()
  return { error, closed, stopped }
}
