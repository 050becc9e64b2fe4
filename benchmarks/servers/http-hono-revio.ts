import { serve } from 'revio'
import { fetchHandler, http } from 'revio/http'
import { app } from './hono-app.js'
import { readOptions } from './port.js'

const handlers = http(fetchHandler(app.fetch), { bodies: 'stream' })
await serve(handlers, `tcp4://127.0.0.1:${readOptions().port}?backlog=4096`)
