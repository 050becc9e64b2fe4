import type { Test } from 'tap'
import { type Endpoint, type Events, type Server, serve, type TlsServerOptions } from '../../../lib/index.js'
import { nativeMissing } from '../native/missing.js'
import { Authority, certificatesMissing, LOCAL } from './certificates.js'

/** The setup of a TLS test. */
export interface Ground {
  readonly scheme: 'tls' | 'tls-net'
  readonly authority: Authority
  /** The certificate of `authority` for this machine. */
  readonly tls: { readonly cert: string; readonly key: string }
  /** Runs a loop on one address, which ends with the test. */
  serve<Context = undefined>(
    events: Events<Context>,
    tls?: TlsServerOptions,
    query?: string,
    ...others: (string | Endpoint)[]
  ): Promise<Server>
}

let authority: Authority | undefined

/** Runs a test with the TLS of each transport; skips it, visibly, if something is missing. */
export async function onTls(
  t: Test,
  name: string,
  run: (t: Test, ground: Ground) => Promise<void>,
): Promise<void> {
  const schemes = nativeMissing() === undefined ? (['tls', 'tls-net'] as const) : (['tls-net'] as const)
  const missing = certificatesMissing()
  for (const scheme of schemes) {
    const title = `${name}, by ${scheme}`
    if (missing !== undefined) t.pass(title, { skip: missing })
    else await t.test(title, t => run(t, ground(t, scheme)))
  }
}

function ground(t: Test, scheme: Ground['scheme']): Ground {
  authority ??= new Authority()
  const { cert, key } = local(authority)
  return {
    scheme,
    authority,
    tls: { cert, key },
    async serve(events, tls = { cert, key }, query = '', ...others) {
      const address = `${scheme.replace('tls', 'tls4')}://127.0.0.1:0${query}`
      const running = serve(events, { address, tls }, ...others)
      const server = await running.listening
      t.teardown(async () => {
        server.shutdown({ timeout: 0 })
        await running
      })
      return server
    },
  }
}

let made: { cert: string; key: string } | undefined

function local(authority: Authority): { cert: string; key: string } {
  made ??= authority.issue(...LOCAL)
  return made
}

/** The port of the first address. */
export function portOf(server: Server, index = 0): number {
  return server.addresses[index]?.port ?? 0
}

/** A promise and its resolver. */
export function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
