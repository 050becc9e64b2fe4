import * as net from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import type { Test } from 'tap'
import { type Events, type Server, serve, type TlsUpgradeOptions } from '../../../lib/index.js'
import { nativeMissing } from '../native/missing.js'
import { Authority, certificatesMissing, LOCAL } from './certificates.js'
import { portOf, promised } from './on-tls.js'

const authority = certificatesMissing() === undefined ? new Authority() : undefined
const local = authority?.issue(...LOCAL)
export const credentials = { cert: local?.cert ?? '', key: local?.key ?? '' }
export const ca = authority?.cert ?? ''

/** What happened to the connections of a loop, in order. */
export interface Story {
  readonly lines: string[]
  readonly server: Server
  readonly port: number
  /** The first connection has closed; with its error. */
  readonly closed: Promise<Error | undefined>
}

export type Scheme = 'tcp4' | 'tcp4-net'

/** A loop whose handlers record their events, after the program's own. */
export async function story(t: Test, scheme: Scheme, make: (server: () => Server) => Events): Promise<Story> {
  const lines: string[] = []
  const closed = promised<Error | undefined>()
  let known: Server | undefined
  const get = () => {
    if (known === undefined) throw new Error('not yet')
    return known
  }
  const events = make(get)
  const running = serve(
    {
      ...events,
      serving(server) {
        known = server
      },
      data(id, input, context) {
        lines.push(`data ${input}`)
        return events.data?.(id, input, context)
      },
      secured(id, info, context) {
        lines.push(`secured ${info.protocol}`)
        return events.secured?.(id, info, context)
      },
      closed(id, error, context) {
        lines.push(`closed ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
        closed.resolve(error)
        return events.closed?.(id, error, context)
      },
    },
    `${scheme}://127.0.0.1:0`,
  )
  const server = await running.listening
  t.teardown(async () => {
    server.shutdown({ timeout: 0 })
    await running
  })
  return { lines, server, port: portOf(server), closed: closed.promise }
}

/** A server that switches to TLS on request. */
export function starttls(options: TlsUpgradeOptions = credentials): (server: () => Server) => Events {
  return server => ({
    opened: () => ['220 hello\n'],
    data(id, input) {
      if (String(input).startsWith('STARTTLS')) {
        server().send(id, '220 go ahead\n')
        server().secure(id, options)
        return undefined
      }
      return [`you said ${input}`]
    },
  })
}

/** A client on a Node socket that has sent STARTTLS and read the reply. */
export async function asked(port: number, text = 'STARTTLS\n'): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  let heard = ''
  for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
    heard += bytes
    if (heard.includes('go ahead\n')) break
  }
  return socket
}

export function over(socket: Duplex, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const secure = tls.connect({ socket, ca, servername: 'localhost', ...options })
  secure.on('error', () => {})
  return secure
}

export async function trial(
  t: Test,
  name: string,
  run: (t: Test, scheme: Scheme) => Promise<void>,
): Promise<void> {
  for (const scheme of ['tcp4', 'tcp4-net'] as const) {
    const missing = certificatesMissing() ?? (scheme === 'tcp4' ? nativeMissing() : undefined)
    if (missing !== undefined) t.pass(`${name}, by ${scheme}`, { skip: missing })
    else await t.test(`${name}, by ${scheme}`, t => run(t, scheme))
  }
}
