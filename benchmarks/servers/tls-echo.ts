import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { readOptions } from './port.js'

// The simplest echo of node:tls, as net-echo.ts is for node:net.

const { port, key, cert } = readOptions()
const context = { key: readFileSync(key), cert: readFileSync(cert) }
const server = createServer({ ...context, noDelay: true }, socket => {
  socket.on('data', bytes => socket.write(bytes))
  socket.on('error', () => socket.destroy())
})
server.listen({ port, host: '127.0.0.1', backlog: 4096 })
