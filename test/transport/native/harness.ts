import { Buffer } from 'node:buffer'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { parseAddress } from '../../../lib/address.js'
import type { Address } from '../../../lib/index.js'
import { systemClock } from '../../../lib/loop/clock.js'
import type { Addon } from '../../../lib/transport/native/addon.js'
import { loadNative } from '../../../lib/transport/native/load.js'
import { NativeTransport } from '../../../lib/transport/native/transport.js'
import { Outbox } from '../../../lib/transport/outbox.js'
import type { Host, Link, Receiver, Transport } from '../../../lib/transport/transport.js'
import { root } from '../../paths.js'
import { openDescriptors } from '../descriptors.js'

/** The limit on any wait, in milliseconds; reached only on failure. */
const GUARD = 20_000

const loaded = loadNative()

/** For a test's options: why it can't run here, or false. */
export const skip: string | false = loaded.error?.message ?? false

/** The path of the addon. */
export const addonFile = [
  'dist/lib/transport/native/revio.node',
  'lib/transport/native/src/build/Release/revio.node',
]
  .map(path => join(root, path))
  .find(existsSync)

export function addon(): Addon {
  if (loaded.addon === undefined) throw loaded.error
  return loaded.addon
}

/** Memory for a poller, which rejects memory that can be detached. */
export function slab(size: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(size))
}

export function numbers(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * count))
}

/** Resolves when the condition is true; checks it between turns of the event loop. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + GUARD
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`)
    await sleep(1)
  }
}

/**
 * Whether the event loop is idle: it waits for most of about a tenth of a second. While something spins, it never
 * waits; on a busy machine it may take a few attempts to see that it does.
 */
export async function rests(): Promise<boolean> {
  for (let tries = 0; tries < 50; tries++) {
    const start = performance.eventLoopUtilization()
    await sleep(100)
    if (performance.eventLoopUtilization(start).utilization < 0.5) return true
  }
  return false
}

/** The events of one link. */
export class Heard implements Receiver {
  readonly link: Link
  readonly addressIndex: number
  readonly outbox = new Outbox()
  readonly inputs: Buffer[] = []
  ends = 0
  errors: Error[] = []
  writables = 0
  /** Runs at each input, with the bytes in place. */
  onInput: (bytes: Buffer) => void = () => {}
  /** Runs when more can be written. */
  onWritable: () => void = () => {}
  /** How many handshakes that `secure` started are done. */
  secures = 0

  constructor(link: Link, addressIndex: number) {
    this.link = link
    this.addressIndex = addressIndex
  }

  get text(): string {
    return Buffer.concat(this.inputs).toString()
  }

  input(bytes: Buffer): void {
    this.inputs.push(Buffer.from(bytes))
    this.onInput(bytes)
  }

  ended(): void {
    this.ends++
  }

  failed(error: Error): void {
    this.errors.push(error)
  }

  writable(): void {
    this.writables++
    this.onWritable()
  }

  secured(): void {
    this.secures++
  }
}

/** A host that records its events, with its own transport. */
export class Recorder implements Host {
  readonly clock = systemClock
  readonly transport: NativeTransport
  readonly heard: Heard[] = []
  turns = 0
  /** Run in the turn, after the event they are named for. */
  onAccepted: (heard: Heard) => void = () => {}
  onTurnEnds: () => void = () => {}

  constructor() {
    this.transport = new NativeTransport(addon(), this)
  }

  /** Binds an address and starts accepting. */
  async listen(address = 'tcp4://127.0.0.1:0'): Promise<Address> {
    const bound = await this.transport.bind(parseAddress(address), 0)
    this.transport.start()
    return bound
  }

  /** A client's socket and the host's link to it. */
  async connect(address: Address): Promise<{ client: net.Socket; heard: Heard }> {
    const before = this.heard.length
    const client = connectTo(address)
    await until('a connection', () => this.heard.length > before)
    const heard = this.heard[before]
    if (heard === undefined) throw new Error('there is none')
    return { client, heard }
  }

  /** Offers the whole outbox, and returns how much was taken. */
  write(heard: Heard, ...chunks: Uint8Array[]): number {
    for (const chunk of chunks) heard.outbox.lend(chunk, 0, chunk.length)
    heard.link.write(heard.outbox)
    this.transport.flush()
    heard.outbox.settle(heard.link.taken)
    return heard.link.taken
  }

  readonly inTurn = false

  turn(run: () => void): void {
    this.turns++
    run()
    this.onTurnEnds()
  }

  accepted(_transport: Transport, link: Link, addressIndex: number): Receiver {
    const heard = new Heard(link, addressIndex)
    this.heard.push(heard)
    this.onAccepted(heard)
    return heard
  }
}

/** A recorder that is closed at the end of the test. */
export function record(t: Test): Recorder {
  const recorder = new Recorder()
  t.teardown(() => recorder.transport.close())
  return recorder
}

/** A path for a Unix socket, removed at the end of the test. */
export function temporaryPath(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'socket')
}

export function connectTo({ network, host, port, path }: Address): net.Socket {
  const socket = network === 'unix' ? net.connect({ path }) : net.connect({ host, port, noDelay: true })
  socket.on('error', () => {})
  return socket
}

/** The last test of a file: checks that the others closed what they opened. */
export async function closesAll(t: Test, before: number | undefined): Promise<void> {
  await t.test('no descriptor is left', { skip }, async t => {
    for (let tries = 0; tries < 1000 && openDescriptors() !== before; tries++) await sleep(1)
    t.equal(openDescriptors(), before)
  })
}

/** A program from fixtures/, started by a shell that runs `first` before. */
export class Program {
  readonly child: ChildProcess
  #output = ''
  #errors = ''

  constructor(t: Test, name: string, { first = '', args = [] }: { first?: string; args?: string[] } = {}) {
    const file = fileURLToPath(new URL(`fixtures/${name}.js`, import.meta.url))
    const command = [process.execPath, ...process.execArgv, file, ...args].map(word => `'${word}'`).join(' ')
    this.child = spawn('sh', ['-c', `${first} exec ${command}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', (bytes: Buffer) => {
      this.#output += bytes
    })
    this.child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors += bytes
    })
    t.teardown(() => this.child.kill('SIGKILL'))
  }

  /** Its output. */
  get output(): string {
    return this.#output
  }

  get errors(): string {
    return this.#errors
  }

  /** The port in its first line. */
  async port(): Promise<number> {
    await until('a port', () => this.#output.includes('\n') || this.child.exitCode !== null)
    const port = Number.parseInt(this.#output, 10)
    if (Number.isNaN(port)) throw new Error(`the program did not start: ${this.#output}${this.#errors}`)
    return port
  }

  async ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { child } = this
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    return { code: child.exitCode, signal: child.signalCode }
  }
}
