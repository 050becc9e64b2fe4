import { createServer } from 'node:net'
import { readOptions } from './port.js'

// The barest echo that node:net does. It does not look at what `write` answers, which a real server has to: the load
// has a bounded number of bytes under way, and this is the figure that revio is held to.

const server = createServer({ noDelay: true }, socket => {
  socket.on('data', bytes => socket.write(bytes))
  socket.on('error', () => socket.destroy())
})
server.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
