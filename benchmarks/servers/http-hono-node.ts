import { app } from './hono-app.js'
import { readOptions } from './port.js'

const name: string = '@hono/node-server'
const { serve } = (await import(name)) as { serve: (options: object) => unknown }
serve({ fetch: app.fetch, port: readOptions().port, hostname: '127.0.0.1' })
