import { http } from '../../lib/http/index.js'
import { type Endpoint, type Server, serve } from '../../lib/index.js'
import {
  type WebSocketHandlers,
  type WebSocketOptions,
  type WebSockets,
  websocket,
} from '../../lib/websocket/index.js'

/** An HTTP and WebSocket server on a free port of this machine. */
export interface Served {
  readonly server: Server
  readonly sockets: WebSockets
  readonly port: number
  stop(): Promise<void>
}

export async function served(
  address: string | Endpoint,
  handlers: WebSocketHandlers,
  options: WebSocketOptions = {},
): Promise<Served> {
  const sockets = websocket(handlers, options)
  const running = serve(http({ upgrade: sockets, request: () => [{ body: 'hello' }] }), address)
  const server = await running.listening
  const stop = () => {
    server.shutdown()
    return running
  }
  return { server, sockets, port: server.addresses[0]?.port ?? 0, stop }
}
