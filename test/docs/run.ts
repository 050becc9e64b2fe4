import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdirSync } from 'node:fs'
import * as net from 'node:net'
import { type Client, connectTo, type Expected, until } from './client.js'
import type { Sample } from './pages.js'

const RUN = /^run(?: with (.*))?$/

/** One line of a comment: `name: verb argument`, with the name of a client. */
interface Step {
  readonly name: string
  readonly verb: string
  readonly argument: string
}

/** Whether a sample's comment says how to run it. */
export function isRun({ note }: Sample): boolean {
  return RUN.test(note.split('\n')[0] ?? '')
}

/**
 * Runs a built sample in a process and a new `folder` of its own, and does with it what its comment says:
 *
 * ```
 * run                        run with ADDRESS …: the program's arguments; {peer} is the address of an echo server,
 *                            {port} makes the addresses with ports be at one port that is free
 * send "text\n"              as the client; other clients go by a name, as in `ann: send "x"`
 * receive "text"             receive /pattern/ waits for bytes that begin so, receive 1000 bytes for so many
 * end                        the client sends no more
 * ended                      the sample has ended the connection, with nothing left to receive
 * connect 1                  connects to the second address; the first one where nothing is said
 * prints "text"              waits for a line with this on standard output
 * signal SIGTERM
 * exits                      waits for the program to end, with status 0 and nothing on standard error
 * ```
 */
export async function run(sample: Sample, built: string, folder: string): Promise<void> {
  const [first = '', ...lines] = sample.note.split('\n')
  mkdirSync(folder)
  const running = await Running.start(built, folder, RUN.exec(first)?.[1] ?? '')
  try {
    for (const line of lines.map(line => line.trim()).filter(line => line !== '')) {
      await running.take(parseStep(line)).catch(error => {
        throw new Error(`${sample.page}:${sample.line}: ${line}: ${error.message}\n${running.errors}`)
      })
    }
  } finally {
    await running.stop()
  }
}

function parseStep(line: string): Step {
  const [, name = '', verb = '', argument = ''] = /^(?:(\w+): )?(\w+)(?: (.*))?$/.exec(line) ?? []
  return { name, verb, argument }
}

class Running {
  errors = ''
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #changes = new EventEmitter()
  readonly #clients = new Map<string, Client>()
  readonly #peer: net.Server | undefined
  #addresses: readonly string[] | undefined
  #printed = ''
  #status: string | undefined

  static async start(built: string, folder: string, given: string): Promise<Running> {
    const peer = given.includes('{peer}') ? await listening(net.createServer(pipeBack)) : undefined
    const port = given.includes('{port}') ? await freePort() : undefined
    const args = given
      .replace('{peer}', `tcp://127.0.0.1:${portOf(peer)}`)
      .replace('{port}', '')
      .split(' ')
      .filter(arg => arg !== '')
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      ...(port === undefined ? {} : { SAMPLE_PORT: `${port}` }),
    }
    const child = spawn(process.execPath, ['--no-warnings', built, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    return new Running(child, folder, peer, port)
  }

  constructor(child: ChildProcess, folder: string, peer: net.Server | undefined, port: number | undefined) {
    this.#child = child
    this.#folder = folder
    this.#peer = peer
    if (port !== undefined) this.#addresses = [`tcp4://127.0.0.1:${port}`]
    const changed = () => this.#changes.emit('change')
    child.on('message', (message: { addresses?: readonly string[] }) => {
      this.#addresses ??= message.addresses
      changed()
    })
    child.stdout?.on('data', text => {
      this.#printed += text
      changed()
    })
    child.stderr?.on('data', text => {
      this.errors += text
    })
    child.on('exit', (code, signal) => {
      this.#status = String(signal ?? code)
      changed()
    })
  }

  async take({ name, verb, argument }: Step): Promise<void> {
    if (verb === 'prints') {
      const text: string = JSON.parse(argument)
      return this.#until(
        () => `output, got ${this.#printed}`,
        () => this.#printed.includes(text),
      )
    }
    if (verb === 'signal') return void this.#child.kill(argument as NodeJS.Signals)
    if (verb === 'exits') return this.#exits()
    if (verb === 'connect') return void (await this.#client(name, Number(argument)))
    const client = await this.#client(name, 0)
    if (verb === 'send') client.send(JSON.parse(argument))
    else if (verb === 'receive') await client.receive(expectation(argument))
    else if (verb === 'end') client.end()
    else if (verb === 'ended') await client.ended()
    else throw new Error('no such step')
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy()
    this.#peer?.close()
    if (this.#status !== undefined) return
    this.#child.kill('SIGKILL')
    await until(
      this.#changes,
      () => 'the program to end',
      () => this.#status !== undefined,
    )
  }

  async #exits(): Promise<void> {
    await until(
      this.#changes,
      () => 'the program to end',
      () => this.#status !== undefined,
    )
    if (this.#status !== '0') throw new Error(`it ended with ${this.#status}`)
    if (this.errors !== '') throw new Error('it wrote errors')
  }

  async #client(name: string, index: number): Promise<Client> {
    const known = this.#clients.get(name)
    if (known !== undefined) return known
    await this.#until(
      () => 'the addresses',
      () => this.#addresses !== undefined,
    )
    const address = this.#addresses?.[index]
    if (address === undefined) throw new Error(`there is no address ${index}`)
    const client = connectTo(address, this.#folder)
    this.#clients.set(name, client)
    return client
  }

  /** While the program runs. */
  async #until(what: () => string, holds: () => boolean): Promise<void> {
    await until(this.#changes, what, () => holds() || this.#status !== undefined)
    if (!holds()) throw new Error(`it ended with ${this.#status} before there was ${what()}`)
  }
}

function expectation(argument: string): Expected {
  const count = /^(\d+) bytes$/.exec(argument)?.[1]
  if (count !== undefined) return Number(count)
  const pattern = /^\/(.*)\/$/.exec(argument)?.[1]
  return pattern === undefined ? JSON.parse(argument) : new RegExp(`^(?:${pattern})`, 's')
}

function pipeBack(socket: net.Socket): void {
  socket.on('error', () => {})
  socket.pipe(socket)
}

function listening(server: net.Server): Promise<net.Server> {
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

async function freePort(): Promise<number> {
  const server = await listening(net.createServer())
  const port = portOf(server)
  await new Promise(resolve => server.close(resolve))
  return port
}

function portOf(server: net.Server | undefined): number {
  return (server?.address() as net.AddressInfo | undefined)?.port ?? 0
}
