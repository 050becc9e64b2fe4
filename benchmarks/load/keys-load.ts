import { once } from 'node:events'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { Histogram } from '../histogram.js'

// Inserts keys into a Redis server in batches, and records how long each batch took from request to last reply.

const KEY = 16
const VALUE = 'v'.repeat(64)

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { port: text, keys: text, batch: text } })
const [keys, batch] = [Number(values.keys), Number(values.batch)]

/** SETs of the keys from `first` up to `end`, exclusive; a key is a number of 16 digits. */
function setsOf(first: number, end: number): string {
  let sets = ''
  for (let key = first; key < end; key++) {
    sets += `*3\r\n$3\r\nSET\r\n$${KEY}\r\n${String(key).padStart(KEY, '0')}\r\n$${VALUE.length}\r\n${VALUE}\r\n`
  }
  return sets
}

const socket = connect({ port: Number(values.port), host: '127.0.0.1', noDelay: true })
socket.setEncoding('latin1')
await once(socket, 'connect')
console.log('ready')
await once(process.stdin, 'data')

const latencies = new Histogram()
let longest = 0
for (let first = 0; first < keys; first += batch) {
  const end = Math.min(first + batch, keys)
  const requests = setsOf(first, end)
  const start = performance.now()
  socket.write(requests, 'latin1')
  let replies = ''
  while (replies.length < (end - first) * 5) replies += (await once(socket, 'data'))[0]
  const micros = Math.round((performance.now() - start) * 1000)
  latencies.record(micros)
  longest = Math.max(longest, micros)
  if (replies !== '+OK\r\n'.repeat(end - first)) {
    console.error(`keys-load: a SET was answered with ${JSON.stringify(replies.slice(0, 100))}`)
    process.exit(1)
  }
}
const at = (share: number) => latencies.percentile(share) / 1e6
console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), longest: longest / 1e6 }))
await once(process.stdin, 'end')
process.exit(0)
