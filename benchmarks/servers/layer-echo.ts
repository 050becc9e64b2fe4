import { readFileSync } from 'node:fs'
import { Transform } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { type Events, type Layer, serve, translate } from 'revio'
import { readOptions } from './port.js'

// An echo server behind a layer: TLS; functions that return their argument, which shows the cost of a layer itself; or
// a mask over every byte, which the echo undoes, as functions or as streams.

const { port, layer, key, cert } = readOptions()

const MASK = 0x5a

function masked(bytes: Uint8Array): Uint8Array {
  const result = Buffer.allocUnsafe(bytes.length)
  for (let at = 0; at < bytes.length; at++) result[at] = (bytes[at] as number) ^ MASK
  return result
}

/** Modifies the bytes in place, which a layer may do with its input. */
function unmasked(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] as number) ^ MASK
  return bytes
}

function maskedStream(): Transform {
  return new Transform({ transform: (bytes, _encoding, done) => done(null, masked(bytes)) })
}

const secureContext = layer === 'tls' ? createSecureContext(readContext()) : undefined

function readContext() {
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

const wraps: Readonly<Record<string, Parameters<typeof translate>[2]>> = {
  functions: (): Layer => ({ decode: bytes => bytes, encode: bytes => bytes }),
  mask: (): Layer => ({ decode: unmasked, encode: masked }),
  streams: (): Layer => ({ decode: maskedStream(), encode: maskedStream() }),
  tls: (_id, wire) => new TLSSocket(wire, { isServer: true, ...(secureContext && { secureContext }) }),
}

const wrap = wraps[layer]
if (wrap === undefined) throw new Error(`there is no layer '${layer}'`)

const events: Events = {
  serving({ transport, transportError }) {
    // A figure must not appear under the name of another transport.
    if (process.env.REVIO_NATIVE !== '1' || transport === 'native') return
    throw new Error(
      `ERR_NATIVE: it runs on ${transport}: ${transportError?.message ?? 'no reason was given'}`,
    )
  },
  opened: () => [null, { reuseInputBuffer: true }],
  data: (_id, input) => [input],
}

await serve(
  translate(events, () => true, wrap),
  `tcp4://127.0.0.1:${port}`,
)
