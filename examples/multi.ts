import { run } from './program.js'
import { respOrHttp } from './resp-or-http.js'

await run({
  command: 'npm run multi',
  about: 'Speaks RESP, as the Redis clone, and HTTP on the same port.',
  port: 7000,
  hint: ({ host, port, path }) =>
    path
      ? `; try: redis-cli -s ${path} ping, or curl --unix-socket ${path} http://localhost/`
      : `; try: redis-cli -h ${host} -p ${port} ping, or curl http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
  events: respOrHttp,
})
