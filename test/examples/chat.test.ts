import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { freePort } from '../transport/free-port.js'
import { Guest } from './chat-client.js'
import { ExampleProgram } from './program.js'

async function chat(...args: string[]): Promise<{ program: ExampleProgram; port: number }> {
  const program = new ExampleProgram('chat/main', ['tcp4://127.0.0.1:0', ...args])
  const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); open http/)
  return { program, port: Number(port) }
}

t.test('a room has history and a list of who is there', async t => {
  const { program, port } = await chat()
  t.teardown(() => program.stop())
  const page = await fetch(`http://127.0.0.1:${port}/`)
  t.match(page.headers.get('content-type'), /^text\/html/)
  t.match(await page.text(), /new WebSocket/)
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404)

  const ada = await Guest.join(port, 'lobby', 'Ada')
  ada.say('1', 'hello')
  await ada.hearsText('hello')
  const bob = await Guest.join(port, 'lobby', 'Bob')
  const stranger = await Guest.join(port, 'elsewhere', 'Eve')
  t.strictSame(
    await bob.hears(({ type }) => type === 'joined').then(({ history }) => (history as unknown[]).length),
    1,
  )
  await ada.hearsNames('Ada', 'Bob')
  bob.say('2', 'hi')
  bob.say('2', 'hi')
  bob.say('3', 'there')
  await ada.hearsText('there')
  t.strictSame(ada.texts, ['Ada: hello', 'Bob: hi', 'Bob: there'], 'what is said twice is heard once')
  t.strictSame(stranger.texts, [])
  bob.leave()
  await ada.hears(({ type, names }) => type === 'people' && String(names) === 'Ada' && ada.got.length > 3)
})

t.test('what a page would not send closes', async t => {
  const { program, port } = await chat()
  t.teardown(() => program.stop())
  for (const [message, code] of [
    [{ type: 'say', id: '1', text: 'before a room' }, 1008],
    [{ type: 'join', room: '', name: 'x' }, 1007],
    [{ type: 'join', room: 'r', name: 'x'.repeat(41) }, 1007],
    [{ type: 'say', id: '1', text: 'x'.repeat(4001) }, 1007],
    [[], 1007],
  ] as const) {
    const guest = await Guest.connect(port)
    guest.send(message)
    t.equal(await guest.closed(), code)
  }
})

const noNats =
  spawnSync('nats-server', ['--version']).status !== 0 && 'nats-server is not installed (Debian: nats-server)'

t.test('two servers share rooms by NATS, and lose nothing when it restarts', { skip: noNats }, async t => {
  const natsPort = await freePort()
  let nats = await startNats(natsPort)
  t.teardown(() => stop(nats))
  const url = `nats://127.0.0.1:${natsPort}`
  const [one, two] = [await chat('--nats', url), await chat('--nats', url)]
  t.teardown(() => Promise.all([one.program.stop(), two.program.stop()]))
  const ada = await Guest.join(one.port, 'lobby', 'Ada')
  const bob = await Guest.join(two.port, 'lobby', 'Bob')
  await ada.hearsNames('Ada', 'Bob')
  await bob.hearsNames('Ada', 'Bob')
  ada.say('a1', 'to the other server')
  await bob.hearsText('to the other server')
  const late = await Guest.join(two.port, 'lobby', 'Late')
  t.ok(late.got.some(({ type, history }) => type === 'joined' && (history as unknown[]).length === 1))

  await stop(nats)
  await ada.hears(({ type, text }) => type === 'notice' && /out of reach/.test(String(text)))
  for (let index = 0; index < 100; index++) ada.say(`b${index}`, `kept ${index}`)
  await ada.hearsText('kept 99')
  t.notOk(bob.texts.some(text => text.includes('kept')))
  nats = await startNats(natsPort)
  await bob.hearsText('kept 99')
  t.strictSame(
    bob.texts.filter(text => text.includes('kept')).toSorted(),
    Array.from({ length: 100 }, (_, index) => `Ada: kept ${index}`).toSorted(),
  )
  const { text } = await ada.hears(({ type, text }) => type === 'notice' && /are back/.test(String(text)))
  t.match(text, /nothing was lost/)

  await stop(nats)
  await ada.hearsAgain(/out of reach/)
  for (let index = 0; index < 10_030; index++) ada.say(`c${index}`, `many ${index}`)
  await ada.hearsText('many 10029')
  nats = await startNats(natsPort)
  t.match(await ada.hearsAgain(/are back/), /30 messages were too many/)
  await bob.hearsText('many 10029')
  t.notOk(bob.texts.includes('Ada: many 29'), 'the oldest are given up')
})

t.test('a NATS that is not there is an error at once', async t => {
  const program = new ExampleProgram('chat/main', [
    'tcp4://127.0.0.1:0',
    '--nats',
    `nats://127.0.0.1:${await freePort()}`,
  ])
  t.equal(await program.ended(), 1)
  t.match(program.errors, /npm run chat: nats:\/\//)
})

async function startNats(port: number): Promise<ChildProcess> {
  const nats = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  while (!log.includes('Server is ready')) log += String((await once(nats.stderr, 'data'))[0])
  nats.stderr.resume()
  return nats
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
