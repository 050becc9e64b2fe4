import t from 'tap'
import type { Reply } from '../../lib/index.js'
import { onEvery } from '../transport/on-every.js'

/** Gives the memory of the input to somebody else, as far as the platform lets it. */
const routes: Readonly<Record<string, (input: Buffer) => unknown>> = {
  'a stream of bytes': input =>
    new ReadableStream({ type: 'bytes', start: controller => controller.enqueue(input) }),
  'a clone that takes it along': input => structuredClone(input, { transfer: [input.buffer as ArrayBuffer] }),
  'a transfer of its own': input => (input.buffer as ArrayBuffer & { transfer?: () => unknown }).transfer?.(),
}

for (const [route, take] of Object.entries(routes)) {
  await onEvery(t, `input that is given to ${route} takes nobody's memory along`, async (t, world) => {
    let errors = 0
    const { server } = await world.serve({
      opened: () => [null, { reuseInputBuffer: true }],
      data(_id, input): Reply {
        const text = String(input)
        if (text !== 'take' || input === null) return [text]
        take(input)
        return ['taken']
      },
      closed(_id, error) {
        if (error !== undefined) errors += 1
      },
      failed() {},
    })
    for (let round = 0; round < 3; round++) {
      const taker = world.connect(server).send('take')
      // Where the memory cannot be given away the handler throws, and its own connection closes.
      await world.until('an answer or an end', () => taker.received === 'taken' || errors > round)
      const other = world.connect(server).send('and others?')
      await world.until('the answer to another', () => other.received === 'and others?')
    }
    t.equal(server.connections, 6 - errors)
  })
}
