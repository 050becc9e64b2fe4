import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { EchoClient } from './echo-client.js'
import type { Cipher } from './tls.js'

// EchoClient as a program, with the options, input and output of load/echo-load.c.

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    port: text,
    size: text,
    connections: text,
    'in-flight': text,
    seconds: text,
    tls: text,
    cipher: text,
  },
})
const client = new EchoClient({
  port: Number(values.port),
  size: Number(values.size),
  connections: Number(values.connections),
  inFlight: Number(values['in-flight']),
  seconds: Number(values.seconds),
  tls: values.tls === 'true',
  ...(values.cipher && { cipher: values.cipher as Cipher }),
})
try {
  await client.connect()
  console.log('ready')
  await once(process.stdin, 'data')
  console.log(JSON.stringify(await client.run()))
  await once(process.stdin, 'end')
} catch (error) {
  console.error(`echo-load: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
client.close()
