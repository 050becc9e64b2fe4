import { Buffer } from 'node:buffer'
import t from 'tap'
import { Action, type Events, InputStream } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

const DELIMITER = '\r\n'

/** Sends back each line of at most three bytes. */
const events: Events<InputStream> = {
  opened: () => [null, { context: new InputStream() }],
  data(_id, input, stream) {
    const out: string[] = []
    for (const line of stream.lines(input, { delimiter: DELIMITER, maxLength: 3 })) out.push(`<${line}>`)
    return [out, Action.None]
  },
}

t.test('a line of just maxLength bytes is taken wherever its delimiter is cut', async t => {
  const simulation = simulate(events)
  const peer = simulation.connect()
  for (const byte of Buffer.from(`abc${DELIMITER}de${DELIMITER}`)) peer.send(Buffer.of(byte))
  t.equal(String(peer.received), '<abc><de>')
})
