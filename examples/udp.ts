import { isIPv4 } from 'node:net'
import { answer, parseQuery } from './dns.js'
import { UsageError } from './options.js'
import { run } from './program.js'

export const program = await run({
  module: import.meta.url,
  command: 'npm run udp',
  about: 'Answers DNS queries for the names it is given, and says of all others that they do not exist.',
  port: 5053,
  only: 'udp',
  extras: {
    name: {
      value: 'NAME=IPV4',
      about: 'answer with this address; may be given several times',
      preset: 'hello.test=127.0.0.1',
    },
  },
  hint({ host, port }, chosen) {
    const [name] = readNames(chosen.values('name')).keys()
    return `; try: dig @${host} -p ${port} ${name}`
  },
  // Each query is one datagram, and so is each response.
  events(chosen) {
    const records = readNames(chosen.values('name'))
    return {
      data(_id, input) {
        const query = input && parseQuery(input)
        return query ? [answer(query, records)] : undefined
      },
    }
  },
})

function readNames(texts: readonly string[]): Map<string, string[]> {
  const records = new Map<string, string[]>()
  for (const text of texts) {
    const [name = '', address = ''] = text.toLowerCase().split(/\.?=/)
    if (name === '' || !isIPv4(address)) {
      throw new UsageError(`--name ${text}: a name and an IPv4 address are needed`)
    }
    records.set(name, [...(records.get(name) ?? []), address])
  }
  return records
}
