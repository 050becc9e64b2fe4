import { Buffer } from 'node:buffer'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tls from 'node:tls'
import type { Test } from 'tap'
import { parseAddress } from '../../../lib/address.js'
import type { Address } from '../../../lib/index.js'
import type { ClientSecurity, ServerSecurity } from '../../../lib/transport/security.js'
import { addon, type Heard, skip as noAddon, Recorder, until } from './harness.js'

/** For a test's options: why it can't run here, or false. */
export const skip: string | false = noAddon || whyNot()

function whyNot(): string | false {
  if (spawnSync('openssl', ['version']).status !== 0) return 'openssl is not installed (Debian: openssl)'
  return addon().opensslMissing() ?? false
}

export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  /** Signs `server` and `client`. */
  readonly ca: string
  /** For localhost and 127.0.0.1. */
  readonly server: Identity
  /** For other.example. */
  readonly other: Identity
  readonly client: Identity
  /** Self-signed. */
  readonly stranger: Identity
}

let made: Certificates | undefined

/** Certificates for the tests of one file, made on first use. */
export function certificates(): Certificates {
  made ??= makeCertificates()
  return made
}

function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const own = (name: string, subject: string) =>
    openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', subject)
  const signed = (name: string, subject: string, names: string) => {
    writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}`)
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject)
    const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '3000']
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', `${name}.ext`, '-out', `${name}.pem`)
  }
  try {
    own('ca', '/CN=The CA')
    own('stranger', '/CN=localhost')
    signed('server', '/CN=localhost', 'DNS:localhost,IP:127.0.0.1')
    signed('other', '/CN=other.example', 'DNS:other.example')
    signed('client', '/CN=The client', 'DNS:client.example')
    const identity = (name: string) => ({ key: read(`${name}.key`), cert: read(`${name}.pem`) })
    return {
      ca: read('ca.pem'),
      server: identity('server'),
      other: identity('other'),
      client: identity('client'),
      stranger: identity('stranger'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The protocols in wire format. */
export function alpn(...names: string[]): Buffer {
  return Buffer.concat(names.map(name => Buffer.from(`${String.fromCharCode(name.length)}${name}`, 'latin1')))
}

export function serverSecurity(
  context: tls.SecureContextOptions,
  options: Partial<Omit<ServerSecurity, 'context' | 'side'>> = {},
): ServerSecurity {
  return {
    side: 'server',
    context: {
      honorCipherOrder: true,
      sessionIdContext: 'tests',
      ticketKeys: randomBytes(48),
      minVersion: 'TLSv1.2',
      ...context,
    },
    alpn: undefined,
    rejectUnauthorized: true,
    handshakeTimeout: 10_000,
    allowTruncation: false,
    requestCert: false,
    maxHandshakes: 1024,
    choose: undefined,
    ...options,
  }
}

export function clientSecurity(
  context: tls.SecureContextOptions,
  options: Partial<Omit<ClientSecurity, 'context' | 'side'>> = {},
): ClientSecurity {
  return {
    side: 'client',
    context,
    alpn: undefined,
    rejectUnauthorized: true,
    handshakeTimeout: 10_000,
    allowTruncation: false,
    servername: 'localhost',
    ...options,
  }
}

export interface FailedHandshake {
  readonly addressIndex: number
  readonly error: NodeJS.ErrnoException
  readonly remote: Address
}

/** A host that also records handshakes. */
export class SecureRecorder extends Recorder {
  readonly failed: FailedHandshake[] = []

  async listenSecurely(security: ServerSecurity, address = 'tcp4://127.0.0.1:0'): Promise<Address> {
    const bound = await this.transport.bind(parseAddress(address), 0, security)
    this.transport.start()
    return bound
  }

  /** Echoes all input, in order, however slowly it is read. */
  echo(): void {
    this.onAccepted = heard => {
      heard.onInput = bytes => void this.write(heard, bytes)
      heard.onWritable = () => {
        if (!heard.outbox.empty) this.write(heard)
      }
    }
  }

  handshakeFailed(addressIndex: number, error: Error, remote: Address): void {
    this.failed.push({ addressIndex, error, remote })
  }
}

export function recordSecurely(t: Test): SecureRecorder {
  const recorder = new SecureRecorder()
  t.teardown(() => recorder.transport.close())
  return recorder
}

/** A connected client of node:tls. */
export async function secureClient(
  t: Test,
  { host, port }: Address,
  options: tls.ConnectionOptions,
): Promise<tls.TLSSocket> {
  const client = tls.connect({ host, port, servername: 'localhost', ...options })
  t.teardown(() => client.destroy())
  await once(client, 'secureConnect')
  return client
}

/** The input of a socket, until there is this much. */
export async function receive(socket: net.Socket, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let got = 0
  const onData = (bytes: Buffer) => {
    pieces.push(bytes)
    got += bytes.length
  }
  socket.on('data', onData)
  await until(`${size} bytes`, () => got >= size)
  socket.removeListener('data', onData)
  return Buffer.concat(pieces)
}

export type { Heard }
