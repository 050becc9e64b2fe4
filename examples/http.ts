import { hello } from './hello.js'
import { run } from './program.js'

await run({
  command: 'npm run http',
  about: 'Answers every GET with "hello world".',
  port: 8080,
  hint: ({ host, port, path }) =>
    `; try: ${path ? `curl --unix-socket ${path} http://localhost/` : `curl http://${inUrl(host)}:${port}/`}`,
  events: () => hello,
})

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
