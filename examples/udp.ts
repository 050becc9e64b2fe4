import { isIPv4 } from 'node:net'
import { parseArgs } from 'node:util'
import { serve } from 'revio'
import { answer, parseQuery } from './dns.js'

const USAGE = `Answers DNS queries for the names it is given, and says of all others that they do not exist.

Usage: npm run udp -- [options]

  --name NAME=IPV4    answer with this address; may be given several times (default hello.test=127.0.0.1)
  --port PORT         listen on this UDP port; 0 takes a free one (default 5053)
  --host HOST         listen on this address (default 127.0.0.1)
  --help              say this
`

try {
  const { values } = parseArgs({
    options: {
      name: { type: 'string', multiple: true, default: ['hello.test=127.0.0.1'] },
      port: { type: 'string', default: '5053' },
      host: { type: 'string', default: '127.0.0.1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) process.stdout.write(USAGE)
  else await respond(readNames(values.name), values.host, values.port)
} catch (error) {
  process.stderr.write(`npm run udp: ${(error as Error).message}\n`)
  process.exitCode = 1
}

/** Each query is one datagram, and so is what is returned for it. */
function respond(records: ReadonlyMap<string, string[]>, host: string, port: string): Promise<void> {
  return serve(
    {
      serving(server) {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.shutdown())
        const [address] = server.addresses
        const [name] = records.keys()
        process.stdout.write(
          `Listening on ${address}; try: dig @${address?.host} -p ${address?.port} ${name}\n`,
        )
      },
      data(_id, input) {
        const query = input && parseQuery(input)
        return query ? [answer(query, records)] : undefined
      },
    },
    `udp://${host.includes(':') ? `[${host}]` : host}:${port}`,
  )
}

function readNames(texts: readonly string[]): Map<string, string[]> {
  const records = new Map<string, string[]>()
  for (const text of texts) {
    const [name = '', address = ''] = text.toLowerCase().split(/\.?=/)
    if (name === '' || !isIPv4(address))
      throw new Error(`--name ${text}: a name and an IPv4 address are needed`)
    records.set(name, [...(records.get(name) ?? []), address])
  }
  return records
}
