import { type Server, serve } from 'revio'
import { readOptions } from './port.js'

// An idiomatic echo server with revio. With `--copy` each input is a copy, as by default; with `--key` and `--cert` it
// uses TLS.

const { port, copy, key, cert } = readOptions()
const query = new URLSearchParams({ key, cert })

/** A figure must not appear under the name of another transport. */
function checkTransport({ transport, transportError }: Server): void {
  if (process.env.REVIO_NATIVE !== '1' || transport === 'native') return
  throw new Error(`ERR_NATIVE: it runs on ${transport}: ${transportError?.message ?? 'no reason was given'}`)
}

await serve(
  {
    serving: checkTransport,
    opened: () => [null, { reuseInputBuffer: !copy }],
    data: (_id, input) => [input],
  },
  key === '' ? `tcp4://127.0.0.1:${port}` : `tls4://127.0.0.1:${port}?${query}`,
)
