import { connect, createServer } from 'node:net'
import { readOptions } from './port.js'

// The simplest proxy of node:net: a pipe each way.

const { port, target } = readOptions()

const server = createServer({ noDelay: true, allowHalfOpen: true }, client => {
  const other = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  client.pipe(other)
  other.pipe(client)
  client.on('error', () => other.destroy())
  other.on('error', () => client.destroy())
})
server.listen({ port, host: '127.0.0.1', backlog: 4096 })
