import t from 'tap'
import { type Server, serve } from '../../lib/index.js'

t.test('what is no number of milliseconds is refused, and the loop goes on', async t => {
  let running: Server | undefined
  const done = serve({
    serving(server) {
      running = server
    },
  })
  await new Promise(resolve => setImmediate(resolve))
  for (const [timeout, shown] of [
    ['7', "'7'"],
    [null, 'null'],
    [5n, '5n'],
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [Symbol('x'), 'Symbol(x)'],
    [Object.create(null), '[Object: null prototype] {}'],
  ] as [number, string][]) {
    t.throws(() => running?.shutdown({ timeout }), {
      code: 'ERR_OPTION',
      message: `option timeout: expected a non-negative number of milliseconds; received ${shown}`,
    })
  }
  for (const options of [null, 5, 'now'] as never[]) {
    t.throws(() => running?.shutdown(options), { code: 'ERR_OPTION', message: /^shutdown: options/ })
  }
  running?.shutdown({ timeout: 0 })
  await t.resolves(done)
})
