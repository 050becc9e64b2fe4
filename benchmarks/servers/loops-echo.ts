import { type LoopsOptions, serveLoops } from 'revio'
import { readOptions } from './port.js'

// An echo server of several loops.

const { port, loops, balance, work } = readOptions()

await serveLoops(
  new URL('./echo-loop.js', import.meta.url),
  { loops, balance: balance as NonNullable<LoopsOptions['balance']>, workerData: { work } },
  `tcp4://127.0.0.1:${port}`,
)
