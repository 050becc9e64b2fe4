import { createServer } from 'node:http'
import { readOptions } from './port.js'

// Hello world, as node:http does it.

const body = 'hello world\n'
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
})
server.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
