import { createReadStream, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { join } from 'node:path'
import { pageOf, pages, writeSite } from '../site.js'
import { readOptions } from './port.js'

// A server on node:http, or on node:https if it gets a key.

const { port, key, cert } = readOptions()
const root = await writeSite()
const hello = 'hello world\n'
const large = Buffer.from(pageOf(pages['64k.txt']))

const listener: RequestListener = (request, response) => {
  // Reads the body, as the other servers do.
  if (request.method === 'POST') request.resume()
  if (request.url === '/') answer(response, hello)
  else if (request.url === '/64k.txt') answer(response, large)
  else void sendFile(response, join(root, request.url ?? ''))
}

function answer(response: ServerResponse, body: string | Buffer): void {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  const { size } = await stat(path)
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': size })
  createReadStream(path).pipe(response)
}

const secure = key !== ''
const server = secure
  ? createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, listener)
  : createServer(listener)
server.listen({ port, host: '127.0.0.1', backlog: 4096 })
