import t from 'tap'
import { type WebSocketOptions, websocket } from '../../lib/websocket/index.js'
import type { UpgradeRequest } from '../../lib/websocket/request.js'
import { request } from './world.js'

async function ask(
  options: WebSocketOptions,
  headers: Record<string, string | undefined>,
  parts: Partial<UpgradeRequest> = {},
) {
  const answer = await websocket({}, options)(1, { ...request(headers as Record<string, string>), ...parts })
  const response = answer.length === 1 ? answer[0] : answer[2]
  return {
    status: response.status,
    headers: response.headers,
    taken: answer.length === 3,
    body: response.body,
  }
}

t.test('the sample of the RFC', async t => {
  const { status, headers, taken } = await ask({}, {})
  t.equal(status, 101)
  t.ok(taken)
  t.strictSame(headers, {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  })
})

t.test('what is no handshake is refused', async t => {
  const cases: [number, Record<string, string | undefined>, Partial<UpgradeRequest>?][] = [
    [405, {}, { method: 'POST' }],
    [400, {}, { version: '1.0' }],
    [426, { upgrade: undefined }],
    [426, { upgrade: 'h2c' }],
    [101, { upgrade: 'h2c, WebSocket' }],
    [400, { connection: 'keep-alive' }],
    [400, { connection: undefined }],
    [101, { connection: 'keep-alive, UPGRADE' }],
    [400, { 'sec-websocket-version': undefined }],
    [426, { 'sec-websocket-version': '8' }],
    [426, { 'sec-websocket-version': '13, 13' }],
    [400, { 'sec-websocket-key': undefined }],
    [400, { 'sec-websocket-key': '' }],
    [400, { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ' }],
    [400, { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZR==' }],
    [400, { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==' }],
    [400, { 'sec-websocket-protocol': 'a, a' }],
    [400, { 'sec-websocket-protocol': 'a b' }],
    [400, { 'sec-websocket-protocol': '' }],
    [101, { 'sec-websocket-protocol': 'a,b' }],
    [400, { 'sec-websocket-extensions': 'a=b' }],
    [400, { 'sec-websocket-extensions': 'a; b=' }],
    [400, { 'sec-websocket-extensions': 'a; b; b' }],
    [101, { 'sec-websocket-extensions': 'a; b="c\\"d", permessage-deflate' }],
  ]
  for (const [status, headers, parts] of cases) {
    const answer = await ask({}, headers, parts)
    t.equal(answer.status, status, JSON.stringify({ ...headers, ...parts }))
    t.equal(answer.taken, status === 101)
    if (status === 426) t.match(answer.headers, { upgrade: 'websocket', connection: 'Upgrade' })
  }
  const { headers } = await ask({}, { 'sec-websocket-version': '7' })
  t.equal(headers['sec-websocket-version'], '13')
})

t.test('the origin is asked for, now or later', async t => {
  const asked: (string | undefined)[] = []
  const origin = (given: string | undefined) => {
    asked.push(given)
    return given === 'https://a.example'
  }
  t.equal((await ask({ origin }, { origin: 'https://a.example' })).status, 101)
  t.equal((await ask({ origin }, { origin: 'https://b.example' })).status, 403)
  t.equal((await ask({ origin: async given => origin(given) }, {})).status, 403)
  t.strictSame(asked, ['https://a.example', 'https://b.example', undefined])
  t.equal((await ask({ origin: () => 1 as never }, {})).status, 403, 'only true allows')
  await t.rejects(ask({ origin: async () => Promise.reject(new Error('mine')) }, {}), { message: 'mine' })
})

t.test('a subprotocol is chosen of those that are offered, or none', async t => {
  const offers = { 'sec-websocket-protocol': 'chat, superchat' }
  const chosen = async (
    subprotocol: WebSocketOptions['subprotocol'],
    headers: Record<string, string> = offers,
  ) =>
    (await ask(subprotocol === undefined ? {} : { subprotocol }, headers)).headers['sec-websocket-protocol']
  t.equal(await chosen(([, second]) => second), 'superchat')
  t.equal(await chosen(async offered => offered[0]), 'chat')
  t.equal(await chosen(() => undefined), undefined)
  t.equal(await chosen(undefined), undefined)
  t.equal(await chosen(() => 'unasked', {}), undefined, 'nothing was offered')
  await t.rejects(async () => chosen(() => 'other'), { code: 'ERR_OPTION', message: /"other"/ })
})

t.test('permessage-deflate: parameters', async t => {
  const agreed = async (offer: string, deflate: WebSocketOptions['deflate'] = true) =>
    (await ask({ deflate: deflate ?? true }, { 'sec-websocket-extensions': offer })).headers[
      'sec-websocket-extensions'
    ]
  const forgets = 'server_no_context_takeover; client_no_context_takeover'
  t.equal(await agreed('permessage-deflate', false), undefined, 'off by default')
  t.equal(await agreed('permessage-deflate'), `permessage-deflate; ${forgets}; server_max_window_bits=13`)
  t.equal(await agreed('permessage-deflate', { contextTakeover: true, windowBits: 15 }), 'permessage-deflate')
  t.equal(
    await agreed('permessage-deflate; server_no_context_takeover', { contextTakeover: true, windowBits: 15 }),
    'permessage-deflate; server_no_context_takeover',
  )
  t.equal(
    await agreed('permessage-deflate; server_max_window_bits=10; client_max_window_bits'),
    `permessage-deflate; ${forgets}; server_max_window_bits=10`,
  )
  t.equal(
    await agreed('permessage-deflate; server_max_window_bits="11"'),
    `permessage-deflate; ${forgets}; server_max_window_bits=11`,
  )
  t.equal(await agreed('permessage-deflate; server_max_window_bits=8'), undefined, 'zlib has no 8 bits')
  t.equal(
    await agreed('permessage-deflate; server_max_window_bits=8, permessage-deflate'),
    `permessage-deflate; ${forgets}; server_max_window_bits=13`,
    'the second offer',
  )
  for (const bad of [
    'server_max_window_bits',
    'server_max_window_bits=16',
    'server_max_window_bits=08',
    'client_max_window_bits=7',
    'unknown',
    'server_no_context_takeover=1',
  ]) {
    t.equal(await agreed(`permessage-deflate; ${bad}`), undefined, bad)
  }
  t.equal(await agreed('x-webkit-deflate-frame'), undefined)
})
