import { type Server, serve } from 'revio'
import { http } from 'revio/http'
import { websocket } from 'revio/websocket'
import { readOptions } from './port.js'

// An idiomatic WebSocket server with revio: returns messages, and at /broadcast sends them to everyone.

const { port } = readOptions()

const sockets = websocket<boolean>(
  {
    opened(id, _request, toAll) {
      if (toAll) sockets.subscribe(id, 'all')
    },
    message(_id, data, _isBinary, toAll) {
      if (!toAll) return [data]
      sockets.publish('all', data)
      return undefined
    },
  },
  { reuseInputBuffer: true },
)

/** A figure must not appear under the name of another transport. */
function checkTransport({ transport, transportError }: Server): void {
  if (process.env.REVIO_NATIVE !== '1' || transport === 'native') return
  throw new Error(`ERR_NATIVE: it runs on ${transport}: ${transportError?.message ?? 'no reason was given'}`)
}

await serve(
  http({
    serving: checkTransport,
    request: () => [{ status: 404 }],
    upgrade: (id, req) => sockets(id, req, req.path === '/broadcast'),
  }),
  `tcp4://127.0.0.1:${port}?backlog=4096`,
)
