import cluster from 'node:cluster'
import { createServer } from 'node:net'
import { readOptions } from './port.js'
import { workFor } from './work.js'

// The simplest echo of node:net in several processes; the first one accepts and distributes the connections in turn.

const options = readOptions()

if (cluster.isPrimary) {
  // They end with this process.
  for (let count = 0; count < options.loops; count++) cluster.fork()
} else {
  const server = createServer({ noDelay: true }, socket => {
    socket.on('data', bytes => {
      workFor(bytes, options.work)
      socket.write(bytes)
    })
    socket.on('error', () => socket.destroy())
  })
  server.listen({ port: options.port, host: '127.0.0.1', backlog: 4096 })
}
