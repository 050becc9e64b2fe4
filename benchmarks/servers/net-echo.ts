import { createServer } from 'node:net'
import { readOptions } from './port.js'

// The simplest echo of node:net. It ignores the result of `write`, which a real server must not: the load has a
// bounded number of bytes in flight, and this is the figure that revio is compared with.

const server = createServer({ noDelay: true }, socket => {
  socket.on('data', bytes => socket.write(bytes))
  socket.on('error', () => socket.destroy())
})
server.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
