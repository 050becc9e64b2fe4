import { run } from './program.js'

await run({
  command: 'npm run echo',
  about: 'Sends back whatever it is sent.',
  port: 5000,
  hint: ({ host, port, path }) => `; try: ${path ? `socat - UNIX-CONNECT:${path}` : `nc ${host} ${port}`}`,
  events: () => ({
    opened: () => [null, { reuseInputBuffer: true }],
    data: (_id, input) => [input],
  }),
})
