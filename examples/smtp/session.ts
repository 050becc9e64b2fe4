import { createHash, timingSafeEqual } from 'node:crypto'
import { InputStream } from 'revio'

/** A server's configuration. */
export interface Policy {
  readonly name: string
  /** Passwords by user; empty: no login is required. */
  readonly users: ReadonlyMap<string, string>
  /** Offers STARTTLS. */
  readonly startTls: boolean
  /** The largest message in bytes. */
  readonly maxSize: number
  readonly maxRecipients: number
  /** Unknown or misplaced commands before the connection is closed. */
  readonly maxErrors: number
}

/** A received message. */
export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly user: string | undefined
  readonly body: Buffer
}

/** The result of a line. */
export interface Step {
  readonly say: string
  readonly next?: 'secure' | 'close' | undefined
  /** A message to deliver before the response. */
  readonly mail?: Mail
}

const CRLF = Buffer.from('\r\n')

/** The conversation with one client: its state, and the next expected line. */
export class Session {
  readonly stream = new InputStream()
  readonly #policy: Policy
  #encrypted: boolean
  #greeted = false
  #user: string | undefined
  #from: string | undefined
  #to: string[] = []
  /** Handles the next line if it is not a command. */
  #next: ((line: Buffer) => Step) | undefined
  #body: Buffer[] = []
  #size = 0
  #spoilt: string | undefined
  #errors = 0

  constructor(policy: Policy, encrypted: boolean) {
    this.#policy = policy
    this.#encrypted = encrypted
  }

  /** What was said in the clear no longer counts (RFC 3207, 4.2). */
  secured(): void {
    this.#encrypted = true
    this.#greeted = false
    this.#user = undefined
    this.#forget()
  }

  line(line: Buffer): Step {
    const next = this.#next
    if (next !== undefined) return next(line)
    const text = line.toString('latin1')
    const [, verb = '', rest = ''] = /^([A-Za-z]+)(?: (.*))?$/.exec(text) ?? []
    return this.#command(verb.toUpperCase(), rest.trim())
  }

  #command(verb: string, rest: string): Step {
    if (verb === 'EHLO' || verb === 'HELO') return this.#hello(verb, rest)
    if (verb === 'QUIT') return { say: '221 2.0.0 bye', next: 'close' }
    if (verb === 'NOOP') return { say: '250 2.0.0 fine' }
    if (verb === 'RSET') {
      this.#forget()
      return { say: '250 2.0.0 forgotten' }
    }
    if (verb === 'VRFY') return { say: '252 2.5.2 send a message and see' }
    if (verb === 'STARTTLS') return this.#startTls(rest)
    if (verb === 'AUTH') return this.#auth(rest)
    if (verb === 'MAIL') return this.#mail(rest)
    if (verb === 'RCPT') return this.#recipient(rest)
    if (verb === 'DATA') return this.#data()
    return this.#error('500 5.5.2 unknown command')
  }

  #hello(verb: string, who: string): Step {
    if (who === '') return this.#error(`501 5.5.4 ${verb} needs your name`)
    this.#greeted = true
    this.#forget()
    const { name, startTls, maxSize } = this.#policy
    if (verb === 'HELO') return { say: `250 ${name}` }
    const offers = ['PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES', `SIZE ${maxSize}`]
    if (startTls && !this.#encrypted) offers.push('STARTTLS')
    if (this.#mayLogIn) offers.push('AUTH PLAIN LOGIN')
    const last = offers.pop() ?? ''
    return { say: [`250-${name}`, ...offers.map(offer => `250-${offer}`), `250 ${last}`].join('\r\n') }
  }

  #startTls(rest: string): Step {
    if (!this.#policy.startTls || this.#encrypted) return this.#error('503 5.5.1 there is no STARTTLS here')
    if (rest !== '') return this.#error('501 5.5.4 STARTTLS takes no argument')
    return { say: '220 2.0.0 go ahead', next: 'secure' }
  }

  // Logging in. /////////////////////////////////////////////////////////////////////////////////////////////////////

  /** Passwords must not travel in the clear. */
  get #mayLogIn(): boolean {
    return this.#policy.users.size > 0 && this.#encrypted
  }

  #auth(rest: string): Step {
    if (!this.#encrypted) return this.#error('538 5.7.11 encryption is needed: STARTTLS first')
    if (!this.#mayLogIn || this.#user !== undefined || this.#from !== undefined) {
      return this.#error('503 5.5.1 not now')
    }
    const [mechanism = '', initial] = rest.split(' ')
    if (mechanism.toUpperCase() === 'PLAIN') {
      return initial === undefined ? this.#ask('', text => this.#plain(text)) : this.#plain(decode(initial))
    }
    if (mechanism.toUpperCase() !== 'LOGIN') return this.#error('504 5.5.4 PLAIN and LOGIN are known')
    const password = (user: string) => this.#ask('Password:', text => this.#logIn(user, text))
    return initial === undefined ? this.#ask('Username:', password) : password(decode(initial))
  }

  #ask(question: string, take: (answer: string) => Step): Step {
    this.#next = line => {
      this.#next = undefined
      const text = line.toString('latin1')
      return text === '*' ? this.#error('501 5.7.0 cancelled') : take(decode(text))
    }
    return { say: `334 ${Buffer.from(question).toString('base64')}` }
  }

  #plain(text: string): Step {
    const [, user = '', password = ''] = text.split('\0')
    return this.#logIn(user, password)
  }

  #logIn(user: string, password: string): Step {
    const expected = this.#policy.users.get(user)
    if (!same(password, expected ?? '') || expected === undefined) {
      return this.#error('535 5.7.8 wrong user or password')
    }
    this.#user = user
    return { say: '235 2.7.0 welcome' }
  }

  // A message. //////////////////////////////////////////////////////////////////////////////////////////////////////

  #mail(rest: string): Step {
    if (!this.#greeted) return this.#error('503 5.5.1 EHLO first')
    if (this.#policy.users.size > 0 && this.#user === undefined) return this.#error('530 5.7.0 log in first')
    if (this.#from !== undefined) return this.#error('503 5.5.1 one sender')
    const [, from, parameters = ''] = /^FROM: ?<([^<>\s]*)>(.*)$/i.exec(rest) ?? []
    if (from === undefined) return this.#error('501 5.5.4 MAIL FROM:<address> is needed')
    const size = Number(/ SIZE=(\d+)/i.exec(parameters)?.[1] ?? 0)
    if (size > this.#policy.maxSize) return this.#error(tooLarge(this.#policy))
    this.#from = from
    return { say: '250 2.1.0 so be it' }
  }

  #recipient(rest: string): Step {
    if (this.#from === undefined) return this.#error('503 5.5.1 MAIL first')
    const [, to] = /^TO: ?<([^<>\s]+)>/i.exec(rest) ?? []
    if (to === undefined) return this.#error('501 5.5.4 RCPT TO:<address> is needed')
    if (this.#to.length >= this.#policy.maxRecipients) return { say: '452 4.5.3 too many recipients' }
    this.#to.push(to)
    return { say: '250 2.1.5 so be it' }
  }

  #data(): Step {
    if (this.#to.length === 0) return this.#error('503 5.5.1 RCPT first')
    this.#next = line => this.#content(line)
    return { say: '354 end with a single dot' }
  }

  /** Only CRLF ends a line: another line ending must not hide a second message in the first. */
  #content(line: Buffer): Step {
    if (line.length === 1 && line[0] === 0x2e) return this.#received()
    const bytes = line[0] === 0x2e ? line.subarray(1) : line
    this.#size += bytes.length + CRLF.length
    if (bytes.includes(0x0a) || bytes.includes(0x0d)) this.#spoilt = '550 5.6.0 lines must end in CRLF'
    if (this.#size > this.#policy.maxSize) this.#spoilt = tooLarge(this.#policy)
    if (this.#spoilt === undefined) this.#body.push(Buffer.concat([bytes, CRLF]))
    else this.#body = []
    return { say: '' }
  }

  #received(): Step {
    const spoilt = this.#spoilt
    const mail = { from: this.#from ?? '', to: this.#to, user: this.#user, body: Buffer.concat(this.#body) }
    this.#forget()
    return spoilt === undefined ? { say: '250 2.0.0 taken', mail } : this.#error(spoilt)
  }

  #forget(): void {
    this.#from = undefined
    this.#to = []
    this.#next = undefined
    this.#body = []
    this.#size = 0
    this.#spoilt = undefined
  }

  #error(say: string): Step {
    this.#errors += 1
    if (this.#errors <= this.#policy.maxErrors) return { say }
    return { say: '421 4.7.0 too many errors', next: 'close' }
  }
}

function tooLarge({ maxSize }: Policy): string {
  return `552 5.3.4 more than ${maxSize} bytes`
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString()
}

/** Takes equally long for wrong and right passwords. */
function same(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
