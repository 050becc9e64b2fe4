import { Buffer } from 'node:buffer'
import { Action } from 'revio'
import { type HttpReply, http } from 'revio/http'
import { type Peer, type Simulation, simulate } from 'revio/testing'
import t from 'tap'
import { Prng } from '../../lib/testing/network/prng.js'

const KINDS = [
  'plain',
  'throw',
  'reject',
  'late',
  'stream',
  'lateStream',
  'close',
  'token',
  'interim',
  'bytes',
]
/** 2146 and 2383 once sent a response's head to another peer. */
const SEEDS = [...Array.from({ length: 60 }, (_, index) => index + 1), 2146, 2383]

interface Client {
  readonly peer: Peer
  readonly number: number
  readonly tags: string[]
  gone: boolean
}

/** Peers that pipeline requests, and handlers that answer each with its tag: now, later, in pieces, or not at all. */
class Program {
  readonly problems: string[] = []
  readonly #random: Prng
  readonly #simulation: Simulation
  readonly #clients: Client[] = []
  readonly #served = new Set<string>()
  #waiting: (() => void)[] = []

  constructor(seed: number) {
    this.#random = new Prng(seed)
    const handlers = http(
      {
        request: (id, { path }) => {
          const [, tag = '', kind = ''] = path.split('/')
          if (this.#served.has(tag)) this.problems.push(`${tag} was served twice`)
          this.#served.add(tag)
          if (kind === 'interim') handlers.informational(id, 103, { 'x-for': tag })
          return this.#answer(tag, kind)
        },
      },
      {
        concurrency: this.#pick([1, 1, 3]),
        maxPipelined: this.#pick([1, 2, 64]),
        bodies: this.#pick(['bytes', 'stream'] as const),
      },
    )
    this.#simulation = simulate(handlers, { failures: 'collect' })
  }

  async run(): Promise<void> {
    this.#open()
    this.#open()
    for (let step = 0; step < 25; step++) await this.#step()
    for (let quiet = 0; quiet < 10; quiet++) {
      if (this.#waiting.length > 0) quiet = 0
      for (const settle of this.#waiting.splice(0)) settle()
      await turn()
    }
    for (const client of this.#clients) this.#check(client)
  }

  #answer(tag: string, kind: string): HttpReply | Promise<HttpReply> {
    const body = `<${tag}>`
    const pieces = () => this.#pieces(tag)
    if (kind === 'throw') throw new Error('on purpose')
    if (kind === 'reject') return this.#later(() => Promise.reject(new Error('on purpose')))
    if (kind === 'late') return this.#later(() => [{ body }])
    if (kind === 'lateStream') return this.#later(() => [{ body: pieces() }])
    if (kind === 'stream') return [{ body: pieces() }]
    if (kind === 'close') return [{ body }, Action.Close]
    if (kind === 'token') return [{ body }, Action.None, tag]
    return [{ body: kind === 'bytes' ? Buffer.from(body) : body }]
  }

  async *#pieces(tag: string): AsyncGenerator<string> {
    yield `<${tag}`
    await this.#later(() => undefined)
    yield '>'
  }

  #later<Value>(make: () => Value | Promise<Value>): Promise<Value> {
    return new Promise<void>(resolve => this.#waiting.push(resolve)).then(make)
  }

  async #step(): Promise<void> {
    let client = this.#pick(this.#clients)
    if (client.gone || isOver(client.peer)) client = this.#open()
    const chance = this.#random.below(10)
    if (chance < 6) return this.#ask(client)
    if (chance < 9) {
      this.#waiting.splice(this.#random.below(Math.max(1, this.#waiting.length)), 1)[0]?.()
      return turn()
    }
    client.gone = true
    if (this.#random.once(2)) client.peer.end()
    else client.peer.reset()
  }

  #ask({ peer, number, tags }: Client): void {
    let text = ''
    for (let left = 1 + this.#random.below(4); left > 0; left--) {
      const tag = `${number}.${tags.length}`
      tags.push(tag)
      const target = `/${tag}/${this.#pick(KINDS)} HTTP/1.1\r\nHost: a\r\n`
      text += this.#random.once(4) ? `POST ${target}Content-Length: 3\r\n\r\nabc` : `GET ${target}\r\n`
    }
    const cut = this.#random.below(text.length)
    for (const part of [text.slice(0, cut), text.slice(cut)]) if (!isOver(peer)) peer.send(part)
  }

  /** Its own responses in their order, and all of them while the connection is open. */
  #check({ peer, number, tags, gone }: Client): void {
    const text = peer.received.replace(/\r\n[0-9a-f]+\r\n/g, '')
    let last = -1
    for (const [, tag = ''] of text.matchAll(/<(\d+\.\d+)/g)) {
      const index = tags.indexOf(tag)
      if (index <= last) this.problems.push(`peer ${number} received ${tag}, behind its response ${last}`)
      last = index
    }
    const heads = text.match(/HTTP\/1.1 [2-5]\d\d/g)?.length ?? 0
    if (heads > tags.length || (!gone && !isOver(peer) && heads < tags.length))
      this.problems.push(`peer ${number} received ${heads} responses to ${tags.length} requests`)
  }

  #open(): Client {
    const number = this.#clients.length
    const client = { peer: this.#simulation.connect(), number, tags: [], gone: false }
    this.#clients.push(client)
    return client
  }

  #pick<Value>(values: readonly [Value, ...Value[]] | readonly Value[]): Value {
    return values[this.#random.below(values.length)] as Value
  }
}

function isOver({ ended, error }: Peer): boolean {
  return ended || error !== undefined
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

t.test('each peer gets the responses to its own requests, in their order, whatever handlers do', async t => {
  for (const seed of SEEDS) {
    const program = new Program(seed)
    await program.run()
    t.same(program.problems, [], `seed ${seed}`)
  }
})
