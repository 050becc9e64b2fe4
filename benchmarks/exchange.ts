import { connect } from 'node:net'
import * as tls from 'node:tls'

/** Milliseconds allowed for a response. */
const PATIENCE = 5000

/** Sends `request` on a new connection; rejects unless the response is exactly `expected`. */
export async function exchange(
  port: number,
  request: string | Buffer,
  expected: string | Buffer,
): Promise<void> {
  const wanted = Buffer.from(expected)
  const right = (got: Buffer) => wanted.subarray(0, got.length).equals(got)
  const answer = await ask(port, request, got => got.length >= wanted.length || !right(got))
  if (!answer.equals(wanted))
    throw new Error(`it answered ${show(answer)} to ${show(request)}, not ${show(wanted)}`)
}

/**
 * Sends `request` on a new connection; resolves to the response once `isWhole` returns true. Rejects with what
 * `isWhole` throws. `secure`: over TLS, with any certificate.
 */
export function ask(
  port: number,
  request: string | Buffer,
  isWhole: (got: Buffer) => boolean,
  secure = false,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0)
    const where = { port, host: '127.0.0.1' }
    const send = () => socket.write(request)
    const socket = secure ? tls.connect({ ...where, rejectUnauthorized: false }, send) : connect(where, send)
    const settle = (how: () => void) => {
      clearTimeout(timer)
      socket.destroy()
      how()
    }
    const fail = (problem: string) => {
      settle(() => reject(new Error(`it answered ${show(got)} to ${show(request)}, and then ${problem}`)))
    }
    const timer = setTimeout(fail, PATIENCE, `nothing for ${PATIENCE / 1000} s`)
    socket.on('error', error => fail(error.message))
    socket.on('end', () => fail('closed the connection'))
    socket.on('data', bytes => {
      got = Buffer.concat([got, bytes])
      try {
        if (isWhole(got)) settle(() => resolve(got))
      } catch (error) {
        settle(() => reject(error))
      }
    })
  })
}

/** Bytes as quoted text, truncated if long. */
export function show(bytes: string | Buffer): string {
  const text = JSON.stringify(bytes.toString('latin1'))
  return text.length > 80 ? `${text.slice(0, 80)}… (${bytes.length} bytes)` : text
}
