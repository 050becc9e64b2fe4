import { curl } from './curl.js'
import { run } from './program.js'
import { site } from './site.js'

export const program = await run({
  module: import.meta.url,
  command: 'npm run http',
  about: `Serves GET / (hello world), POST /echo, GET /slow?ms=N, GET /stream?chunks=N&size=S, GET /headers and, at /ws, WebSocket.`,
  port: 8080,
  hint: first => `; try: ${curl(first)}`,
  events: site,
})
