import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as net from 'node:net'
import { join } from 'node:path'
import * as tls from 'node:tls'
import { createTransport } from 'nodemailer'
import t, { type Test } from 'tap'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'
import { until } from '../transport/until.js'
import { ExampleProgram } from './program.js'

const skip = certificatesMissing() ?? false
const authority = skip === false ? new Authority() : undefined
const certificate = authority?.issue(...LOCAL)
const files = ['--cert', certificate?.certFile ?? '', '--key', certificate?.keyFile ?? '']

/** Runs the server, and answers its port. */
async function serving(t: Test, ...args: string[]): Promise<{ port: number; program: ExampleProgram }> {
  const program = new ExampleProgram('smtp/main', ['--port', '0', ...args])
  t.teardown(() => program.stop())
  const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: swaks/)
  return { port: Number(port), program }
}

/** A client that says one thing after the other, and answers what it heard last. */
class Client {
  #socket: net.Socket
  #heard = ''

  constructor(port: number) {
    this.#socket = net.connect(port, '127.0.0.1')
    this.#listen()
  }

  async hears(pattern: RegExp): Promise<string> {
    await until(`${pattern}`, () => pattern.test(this.#heard) || this.#socket.destroyed)
    if (!pattern.test(this.#heard)) throw new Error(`it closed without ${pattern}: ${this.#heard}`)
    const heard = this.#heard
    this.#heard = ''
    return heard
  }

  /** Says something, and waits for the last line of the answer. */
  say(text: string, answer = /^\d{3}(?: .*)?\r\n$/m): Promise<string> {
    this.#socket.write(text)
    return this.hears(answer)
  }

  async secure(): Promise<void> {
    const secure = tls.connect({ socket: this.#socket, ca: authority?.cert, servername: 'localhost' })
    await once(secure, 'secureConnect')
    this.#socket = secure
    this.#listen()
  }

  async closed(): Promise<string> {
    if (!this.#socket.destroyed) await once(this.#socket, 'close')
    return this.#heard
  }

  end(): void {
    this.#socket.destroy()
  }

  #listen(): void {
    this.#socket.on('error', () => {})
    this.#socket.on('data', bytes => {
      this.#heard += bytes
    })
  }
}

t.test('it receives mail behind STARTTLS and AUTH, and keeps it as it came', { skip }, async t => {
  const maildir = t.testdir({})
  const { port, program } = await serving(t, ...files, '--user', 'me:secret', '--maildir', maildir)
  const client = new Client(port)
  await client.hears(/^220 .* ESMTP\r\n/)
  t.match(await client.say('EHLO here\r\n'), /STARTTLS/)
  t.match(await client.say('AUTH PLAIN AG1lAHNlY3JldA==\r\n'), /^538 /, 'no password in the clear')
  t.match(await client.say('MAIL FROM:<a@example.test>\r\n'), /^530 /)
  t.match(await client.say('STARTTLS\r\n'), /^220 /)
  await client.secure()
  t.match(await client.say('MAIL FROM:<a@example.test>\r\n'), /^503 /, 'a new beginning')
  t.match(await client.say('EHLO here\r\n'), /AUTH PLAIN LOGIN/)
  t.match(await client.say('AUTH PLAIN AG1lAHdyb25n\r\n'), /^535 /)
  t.match(await client.say('AUTH LOGIN\r\n'), /^334 VXNlcm5hbWU6\r\n/)
  t.match(await client.say('bWU=\r\n'), /^334 UGFzc3dvcmQ6\r\n/)
  t.match(await client.say('c2VjcmV0\r\n'), /^235 /)
  const pipelined = 'MAIL FROM:<a@example.test> SIZE=100\r\nRCPT TO:<b@example.test>\r\nDATA\r\n'
  t.match(await client.say(pipelined, /^354 /m), /^250 .*\r\n250 .*\r\n354 /)
  const rest = 'Subject: hello\r\n\r\n..a dot\r\nthe end\r\n.\r\nQUIT\r\n'
  t.match(await client.say(rest, /^221 /m), /^250 .*\r\n221 /)
  await client.closed()
  await program.says(/Mail from <a@example\.test> to <b@example\.test> by me: \d+ bytes/)
  const [name = ''] = readdirSync(join(maildir, 'new'))
  t.equal(readFileSync(join(maildir, 'new', name), 'utf8'), 'Subject: hello\r\n\r\n.a dot\r\nthe end\r\n')
})

t.test('what stands behind STARTTLS in the clear is refused', { skip }, async t => {
  const { port } = await serving(t, ...files)
  const client = new Client(port)
  await client.hears(/^220 /)
  await client.say('EHLO here\r\n')
  await client.say('STARTTLS\r\nMAIL FROM:<evil@example.test>\r\n', /^421 /m)
  t.match(await client.closed(), /^$/)
})

t.test('limits: size, long lines, a second message in the first, errors', { skip }, async t => {
  const { port } = await serving(t, '--max-size', '1000')
  const client = new Client(port)
  await client.hears(/^220 /)
  t.match(await client.say('EHLO here\r\n'), /SIZE 1000/)
  t.match(await client.say('MAIL FROM:<a@example.test> SIZE=1001\r\n'), /^552 /)
  const envelope = 'MAIL FROM:<a@example.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n'
  await client.say(envelope, /^354 /m)
  t.match(await client.say(`${`${'x'.repeat(98)}\r\n`.repeat(11)}.\r\n`, /^552 /m), /^552 /)
  await client.say(envelope, /^354 /m)
  t.match(
    await client.say('one\r\n\n.\nMAIL FROM:<evil@example.test>\r\n.\r\n', /^550 /m),
    /^550 5\.6\.0 .*\r\n$/,
  )
  for (let times = 0; times < 7; times++) t.match(await client.say('NONSENSE\r\n'), /^500 /)
  await client.say('NONSENSE\r\n', /^421 /m)
  await client.closed()
  const long = new Client(port)
  await long.hears(/^220 /)
  await long.say('x'.repeat(20_000), /^500 5\.5\.6/m)
  await long.closed()
})

t.test(
  'swaks sends a message',
  { skip: spawnSync('swaks', ['--version']).status === 0 ? skip : 'swaks is not installed' },
  async t => {
    const { port, program } = await serving(t, ...files, '--user', 'me:secret')
    const { status, stdout } = spawnSync(
      'swaks',
      [
        '--server',
        `127.0.0.1:${port}`,
        '--to',
        'you@example.test',
        '--from',
        'me@example.test',
        '--tls',
        '--auth-user',
        'me',
        '--auth-password',
        'secret',
      ],
      { encoding: 'utf8' },
    )
    t.equal(status, 0, stdout)
    await program.says(/to <you@example\.test> by me/)
  },
)

/** Why it was not done. */
function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

t.test('nodemailer sends messages over one connection, and is told what is refused', { skip }, async t => {
  const { port, program } = await serving(t, ...files, '--user', 'me:secret', '--max-size', '4000')
  const from = {
    host: '127.0.0.1',
    port,
    requireTLS: true,
    tls: { ca: authority?.cert, servername: 'localhost' },
  }
  const mail = createTransport({
    ...from,
    auth: { user: 'me', pass: 'secret' },
    pool: true,
    maxConnections: 1,
  })
  t.teardown(() => mail.close())
  t.equal(await mail.verify(), true)
  const message = { from: 'me@example.test', to: 'you@example.test', subject: 'Grüße' }
  for (const text of ['one', '.a line that begins with a dot\n.\n..\nanother', 'three '.repeat(200)]) {
    t.match(await mail.sendMail({ ...message, text }), { accepted: ['you@example.test'], response: /^250 / })
    await program.says(/to <you@example\.test> by me/)
  }
  t.match(await refusalOf(mail.sendMail({ ...message, text: 'x\n'.repeat(4000) })), { responseCode: 552 })
  t.match(await mail.sendMail({ ...message, text: 'and goes on' }), { response: /^250 / })

  const wrong = createTransport({ ...from, auth: { user: 'me', pass: 'guessed' } })
  t.match(await refusalOf(wrong.sendMail({ ...message, text: 'no' })), { code: 'EAUTH', responseCode: 535 })
  const strict = createTransport({
    ...from,
    tls: { servername: 'localhost' },
    auth: { user: 'me', pass: 'secret' },
  })
  t.match(await refusalOf(strict.sendMail({ ...message, text: 'no' })), { code: /^(ESOCKET|ETLS)$/ })
})

t.test('a renewed certificate that is unusable does not replace the one in use', { skip }, async t => {
  const { cert = '', key = '' } = certificate ?? {}
  const folder = t.testdir({ 'cert.pem': String(cert), 'key.pem': String(key) })
  const paths = ['--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem')]
  const { port, program } = await serving(t, ...paths)
  writeFileSync(join(folder, 'cert.pem'), 'half of a')
  process.kill(program.pid, 'SIGHUP')
  await until('it says so', () => program.errors.includes('the earlier certificate stays in use'))
  const client = new Client(port)
  await client.hears(/^220 /)
  await client.say('EHLO here\r\n', /^250 .*\r\n$/m)
  await client.say('STARTTLS\r\n')
  await client.secure()
  t.match(await client.say('NOOP\r\n'), /^250 /)
})

t.test('a wrong command line is told of', async t => {
  for (const args of [
    ['--cert', 'x'],
    ['--cert', '/no/cert.pem', '--key', '/no/key.pem'],
    ['--cert', new URL(import.meta.url).pathname, '--key', new URL(import.meta.url).pathname],
    ['--user', 'nobody'],
    ['--max-size', 'much'],
  ]) {
    const program = new ExampleProgram('smtp/main', args)
    t.equal(await program.ended(), 2)
    t.match(program.errors, new RegExp(`^npm run smtp: ${args[0]}.*--help`))
  }
})
