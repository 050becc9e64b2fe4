import t from 'tap'
import { type Events, serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

const wrong: readonly (readonly [events: unknown, message: RegExp])[] = [
  [{ onData() {} }, /"onData"; did you mean "data"/],
  [{ on_closed() {} }, /"on_closed"; did you mean "closed"/],
  [{ connect() {} }, /"connect"; did you mean "opened"/],
  [{ close() {} }, /"close"; did you mean "closed"/],
  [{ opend() {} }, /"opend"; did you mean "opened"/],
  [{ frobnicate() {} }, /"frobnicate"; known handlers are .*opened.*tick/],
  [{ data: 'x' }, /"data" must be a function; received a string/],
  [{ closed: null }, /"closed" must be a function; received null/],
  [{ signal: {} }, /signal must be an AbortSignal; received an object/],
  [null, /expected an object with handlers; received null/],
  [[], /expected an object with handlers; received an array/],
]

for (const [events, message] of wrong) {
  const expected = { code: 'ERR_OPTION', message }
  t.test(String(message), async t => {
    await t.rejects(serve(events as Events, 'tcp4://127.0.0.1:0'), expected)
    await t.rejects(serve({}, { address: 'tcp4://127.0.0.1:0', events: events as Events }), expected)
    t.throws(() => simulate(events as Events), expected)
    const { server } = simulate({})
    t.throws(() => server.dial('tcp4://127.0.0.1:9', { events: events as Events }), expected)
  })
}

t.test('an instance that was spread has lost its methods, which is a warning', async t => {
  class Echo {
    count = 0
    data(_id: number, input: Buffer | null): [Buffer | null] {
      return [input]
    }
  }
  const warned = new Promise<Error>(resolve => process.once('warning', resolve))
  const running = serve({ ...new Echo() } as Events, 'tcp4://127.0.0.1:0')
  t.match((await warned).message, /fields count.*spreading an instance of a class loses its methods/)
  const server = await running.listening
  server.shutdown()
  await running
})
