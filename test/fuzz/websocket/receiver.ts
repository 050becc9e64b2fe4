import { Receiver } from 'ws'
import type { Found } from '../../websocket/reading.js'

/** The result of ws's receiver for the same input, in the same words. */
export function readWithWs(
  pieces: Iterable<Uint8Array>,
  limits: { readonly maxMessage: number; readonly maxFragments: number },
): Found[] {
  const found: Found[] = []
  const receiver = new Receiver({
    isServer: true,
    maxPayload: limits.maxMessage,
    maxFragments: limits.maxFragments,
  })
  let over = false
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    found.push(isBinary ? `binary ${data.toString('hex')}` : `text ${data}`),
  )
  receiver.on('ping', (data: Buffer) => found.push(`ping ${data.toString('hex')}`))
  receiver.on('pong', (data: Buffer) => found.push(`pong ${data.toString('hex')}`))
  receiver.on('conclude', (code: number, reason: Buffer) => {
    found.push(`close ${code} ${reason}`)
    over = true
  })
  receiver.on('error', (error: Error) => {
    found.push(`bad ${codeOf(error)}`)
    over = true
  })
  for (const piece of pieces) {
    // Synchronous, without a queue; an error reaches its callback first.
    receiver._write(Buffer.from(piece), 'binary', error => {
      if (!error) return
      found.push(`bad ${codeOf(error)}`)
      over = true
    })
    if (over) break
  }
  receiver.on('error', () => {})
  receiver.destroy()
  return found
}

/** ws stores the close code of an error under a private symbol. */
function codeOf(error: Error): number {
  const symbol = Object.getOwnPropertySymbols(error).find(({ description }) => description === 'status-code')
  return symbol === undefined
    ? Number.NaN
    : ((error as unknown as Record<symbol, number>)[symbol] ?? Number.NaN)
}
