import { run } from '../program.js'
import { redis } from './server.js'

await run({
  command: 'npm start',
  about: 'A clone of Redis.',
  port: 6380,
  hint: ({ host, port, path }) =>
    path ? `redis-cli -s ${path} ping` : `redis-cli -h ${host} -p ${port} ping`,
  events: redis(),
})
