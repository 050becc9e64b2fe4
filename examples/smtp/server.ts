import { Action, type Events, type Server, type TlsServerOptions } from 'revio'
import { type Mail, type Policy, Session } from './session.js'

/** The options of a mail server. */
export interface MailServer {
  readonly policy: Policy
  /** The current certificate for STARTTLS; undefined if there is none. */
  readonly tls: () => TlsServerOptions | undefined
  /** Delivers a message; rejects if it can't. */
  readonly deliver: (mail: Mail) => Promise<void>
}

type Answer = readonly [out: string, action: Action]

/** Milliseconds of silence after which a client is disconnected (RFC 5321, 4.5.3.2). */
const PATIENCE = 300_000
/** The longest line in bytes (RFC 5321, 4.5.3.1.6, plus what AUTH needs). */
const LONGEST_LINE = 12_288

/** A server that receives mail. */
export function smtp(options: MailServer): Events<Session> {
  const { policy } = options
  const answers = new Answers(options)
  return {
    serving(server) {
      answers.server = server
    },
    opened: (_id, info) => [
      `220 ${policy.name} ESMTP\r\n`,
      { context: new Session(policy, info.tls !== undefined), readTimeout: PATIENCE },
    ],
    data: (id, input, session) => answers.answer(id, input, session),
    secured: (_id, _tls, session) => session.secured(),
  }
}

/** Answers the clients. */
class Answers {
  server: Server | undefined
  readonly #options: MailServer

  constructor(options: MailServer) {
    this.#options = options
  }

  answer(id: number, input: Buffer | null, session: Session): Answer | Promise<Answer> {
    try {
      return this.#answer(id, input, session)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOBUFS') throw error
      return ['500 5.5.6 line too long\r\n', Action.Close]
    }
  }

  #answer(id: number, input: Buffer | null, session: Session): Answer | Promise<Answer> {
    let out = ''
    let secures = false
    for (const line of session.stream.lines(input, { delimiter: '\r\n', maxLength: LONGEST_LINE })) {
      const { say, next, mail } = session.line(line)
      if (mail !== undefined) return this.#delivered(id, session, out, mail)
      if (say !== '') out += `${say}\r\n`
      if (next === 'close') return [out, Action.Close]
      secures = next === 'secure'
      if (secures) break
    }
    // Only now does the stream know what follows the line.
    if (secures) this.#secure(id, session, out)
    return [secures ? '' : out, Action.None]
  }

  /** Answers commands that follow the message in the same input after its delivery. */
  async #delivered(id: number, session: Session, out: string, mail: Mail): Promise<Answer> {
    const said = await this.#options.deliver(mail).then(
      () => '250 2.0.0 taken',
      (error: Error) => `451 4.3.0 ${error.message.replaceAll(/[\r\n]/g, ' ')}`,
    )
    const [rest, action] = await this.answer(id, null, session)
    return [`${out}${said}\r\n${rest}`, action]
  }

  /** Input after STARTTLS arrived in the clear, and may come from an attacker. */
  #secure(id: number, session: Session, out: string): void {
    const tls = this.#options.tls()
    if (session.stream.buffered > 0 || tls === undefined) {
      this.server?.send(id, '421 4.7.0 nothing may follow STARTTLS\r\n', Action.Close)
      return
    }
    this.server?.send(id, out)
    this.server?.secure(id, tls)
  }
}
