import { createServer, type IncomingMessage } from 'node:http'
import { readOptions } from './port.js'

// The same with ws, as its documentation shows. Uses its fastest settings: no compression, no tracking of clients by
// the server, no check of UTF-8 beyond the default; a broadcast is the loop over clients from its README.

/** The part of it used here; the package has no types that the build alone would install. */
interface Socket {
  readonly readyState: number
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void
  on(event: 'error' | 'close', listener: () => void): void
  send(data: Buffer, options: { binary: boolean }): void
}
interface Module {
  readonly WebSocketServer: new (
    options: object,
  ) => { on(event: 'connection', listener: (socket: Socket, request: IncomingMessage) => void): void }
}

const name: string = 'ws'
const { WebSocketServer } = (await import(name)) as Module
const server = createServer()
const everybody = new Set<Socket>()
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })

sockets.on('connection', (socket, request) => {
  const toAll = request.url === '/broadcast'
  if (toAll) everybody.add(socket)
  socket.on('message', (data, isBinary) => {
    if (!toAll) return socket.send(data, { binary: isBinary })
    for (const other of everybody) if (other.readyState === 1) other.send(data, { binary: isBinary })
  })
  socket.on('close', () => everybody.delete(socket))
  socket.on('error', () => {})
})
server.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
