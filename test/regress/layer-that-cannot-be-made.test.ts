import t from 'tap'
import { type Events, type Info, type Layer, type RevioError, translate } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'

/** What handlers of a connection were told. */
function logged(): { events: Events<string>; log: unknown[]; infos: Info[] } {
  const log: unknown[] = []
  const infos: Info[] = []
  const events: Events<string> = {
    opened(_id, info) {
      infos.push(info)
      log.push(`opened, closing ${info.closing}`)
      return ['never to go out', { context: 'mine' }]
    },
    data: () => void log.push('data'),
    failed: (error, { id, handler }) => void log.push(`failed ${id} ${handler} ${error.message}`),
    closed: (_id, error, context) => void log.push(`closed ${context} ${error?.message}`),
  }
  return { events, log, infos }
}

const throwing = () => {
  throw new Error('no layer today')
}

t.test('what wrap or should throws is told by opened, with closing, and then by closed', async t => {
  const fine = () => true
  const layers: [string, (events: Events<string>) => Events<string>][] = [
    ['wrap', events => translate(events, fine, throwing)],
    ['should', events => translate(events, throwing, () => ({ decode: b => b }))],
    [
      'the wrap above another',
      e => translate(translate(e, fine, throwing), fine, () => ({ decode: b => b })),
    ],
    [
      'the wrap under another',
      e =>
        translate(
          translate(e, fine, () => ({ decode: b => b })),
          fine,
          throwing,
        ),
    ],
  ]
  for (const [name, layer] of layers) {
    const { events, log } = logged()
    const simulation = simulate(layer(events))
    const peer = simulation.connect()
    t.strictSame(
      log,
      ['failed 1 wrap no layer today', 'opened, closing true', 'closed mine no layer today'],
      name,
    )
    t.equal(peer.received, '', 'nothing goes out in the clear')
    t.ok(peer.ended)
    t.equal(simulation.left.connections, 0)
  }
})

t.test('what is no layer is ERR_OPTION', async t => {
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    {},
    { decode: 7 },
    { decode: (bytes: Buffer) => bytes, encode: 'x' },
    { decode: (bytes: Buffer) => bytes, decodeEnd: 5 },
    { decode: (bytes: Buffer) => bytes, encodeEnd() {} },
  ]
  for (const layer of wrong) {
    const { events, log } = logged()
    let code: unknown
    const { closed } = events
    events.closed = (id, error, context) => {
      code = (error as RevioError).code
      return closed?.(id, error, context)
    }
    simulate(
      translate(
        events,
        () => true,
        () => layer as Layer,
      ),
    ).connect()
    t.equal(code, 'ERR_OPTION')
    t.equal(log[1], 'opened, closing true')
  }
})

t.test('wrong arguments are told where they are given', async t => {
  const never = () => ({})
  for (const [name, args] of Object.entries({
    translate: [undefined, () => true, never],
    should: [{}, undefined, never],
    wrap: [{}, () => true, 'wrap'],
  })) {
    t.throws(() => translate(...(args as unknown as Parameters<typeof translate>)), {
      code: 'ERR_OPTION',
      message: new RegExp(name),
    })
  }
  t.throws(() => translate({ onData() {} } as Events, () => true, never), { message: /did you mean "data"/ })
})
