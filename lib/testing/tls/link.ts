import { FunctionLink } from '../../layer/function-link.js'
import type { TlsInfo } from '../../tls.js'
import type { TlsLayerOptions } from '../../transport/layering.js'
import type { Link } from '../../transport/transport.js'
import { TlsSession } from './session.js'

/** Simulated TLS around a link. */
export class SimulatedTlsLink extends FunctionLink {
  readonly #session: TlsSession

  constructor(raw: Link, { security, peer }: TlsLayerOptions) {
    const session: TlsSession = new TlsSession({
      side: security.side,
      servername: security.side === 'client' ? security.servername : '',
      alpn: namesOf(security.alpn),
      allowTruncation: security.allowTruncation,
      peer,
      send: bytes => this.put(bytes),
      secured: () => this.receiver.secured?.(),
    })
    super(0, raw, session)
    this.#session = session
    session.begin()
  }

  get tls(): TlsInfo | undefined {
    return this.#session.info
  }
}

function namesOf(alpn: Buffer | undefined): string[] {
  const names: string[] = []
  for (let at = 0; alpn !== undefined && at < alpn.length; at += 1 + (alpn[at] ?? 0)) {
    names.push(alpn.toString('latin1', at + 1, at + 1 + (alpn[at] ?? 0)))
  }
  return names
}
