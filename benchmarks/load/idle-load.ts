import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

// Opens connections, exchanges one message on each, prints `ready`, and keeps them open and idle until its input ends.

/** Concurrent connects: fewer than any server's backlog. */
const BATCH = 100

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { port: text, connections: text, send: text, expect: text } })
const { send = '', expect = '' } = values
const sockets: Socket[] = []

async function open(): Promise<void> {
  const socket = connect({ port: Number(values.port), host: '127.0.0.1', noDelay: true })
  sockets.push(socket)
  await once(socket, 'connect')
  socket.write(send)
  let answer = ''
  while (answer.length < expect.length) answer += String((await once(socket, 'data'))[0])
  if (answer !== expect)
    throw new Error(`the answer to ${JSON.stringify(send)} was ${JSON.stringify(answer)}`)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed an idle connection')))
}

function fail(error: unknown): never {
  console.error(`idle-load: ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

try {
  const total = Number(values.connections)
  while (sockets.length < total) {
    await Promise.all(Array.from({ length: Math.min(BATCH, total - sockets.length) }, open))
  }
  console.log('ready')
  process.stdin.resume()
  await once(process.stdin, 'end')
} catch (error) {
  fail(error)
}
process.exit(0)
