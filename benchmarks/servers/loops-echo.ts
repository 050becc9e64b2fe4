import { type LoopsOptions, serve, serveLoops } from 'revio'
import echo from './echo-loop.js'
import { readOptions } from './port.js'

// An echo server of several loops, or of a single one, which needs no acceptor.

const { port, loops, balance, work, who } = readOptions()
const address = `tcp4://127.0.0.1:${port}`
const workerData = { work, who }

if (loops === 1) await serve(echo({ index: 0, loops, workerData }), address)
else {
  const options = { loops, balance: balance as NonNullable<LoopsOptions['balance']>, workerData }
  await serveLoops(new URL('./echo-loop.js', import.meta.url), options, address)
}
