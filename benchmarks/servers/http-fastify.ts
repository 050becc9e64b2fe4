import { pageOf, pages } from '../site.js'
import { readOptions } from './port.js'

type Reply = { type(type: string): unknown }
type Handler = (request: unknown, reply: Reply) => string | Buffer

interface Fastify {
  get(path: string, handler: Handler): void
  post(path: string, handler: Handler): void
  addContentTypeParser(type: string, options: { parseAs: 'buffer' }, parser: Parser): void
  listen(options: { port: number; host: string; backlog: number }): Promise<unknown>
}

type Parser = (request: unknown, body: Buffer, done: (error: null, body: Buffer) => void) => void

// Not a build dependency. The name is no constant, so that TypeScript does not look for its types.
const name: string = 'fastify'
const { default: fastify } = (await import(name)) as { default: () => Fastify }
const large = Buffer.from(pageOf(pages['64k.txt']))
const app = fastify()
const hello: Handler = (_request, reply) => {
  reply.type('text/plain')
  return 'hello world\n'
}
app.get('/', hello)
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
)
app.post('/', hello)
app.get('/64k.txt', (_request, reply) => {
  reply.type('text/plain')
  return large
})
await app.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
