import { readOptions } from './port.js'

interface Fastify {
  get(path: string, handler: (request: unknown, reply: { type(type: string): unknown }) => string): void
  listen(options: { port: number; host: string; backlog: number }): Promise<unknown>
}

// Not among what building needs: the name is no constant, so that no types of it are looked for.
const name: string = 'fastify'
const { default: fastify } = (await import(name)) as { default: () => Fastify }
const app = fastify()
app.get('/', (_request, reply) => {
  reply.type('text/plain')
  return 'hello world\n'
})
await app.listen({ port: readOptions().port, host: '127.0.0.1', backlog: 4096 })
