import { Buffer } from 'node:buffer'
import { RevioError } from '../../errors.js'
import type { TlsInfo } from '../../tls.js'
import { truncationError } from '../../transport/tls-error.js'

const HANDSHAKE = 22
const ALERT = 21
const DATA = 23
const HEADER = 3
const LARGEST = 16 * 1024
/** Marks encrypted bytes, so they can't be mistaken for plaintext. */
const MASK = 0xa5

/** One side of simulated TLS. */
export interface TlsSessionOptions {
  readonly side: 'server' | 'client'
  /** The server name that a client requests. */
  readonly servername?: string
  /** Protocols to offer or accept, in order of preference. */
  readonly alpn?: readonly string[]
  /** Treat an end without close_notify as orderly. */
  readonly allowTruncation?: boolean
  /** The peer's name, for errors. */
  readonly peer: string
  /** Sends handshake bytes. */
  readonly send: (bytes: Buffer) => void
  /** The handshake has completed. */
  readonly secured: () => void
}

interface Hello {
  readonly servername: string
  readonly alpn: readonly string[]
}

/**
 * Behaves as TLS does, without secrets: first a handshake (the client's hello, the server's, the client's finish),
 * then records, and close_notify at the end. Anything but a record is an error, and so is an end without
 * close_notify.
 */
export class TlsSession {
  readonly #options: TlsSessionOptions
  #input = Buffer.alloc(0)
  #ended = false
  info: TlsInfo | undefined
  #hello: Hello | undefined

  constructor(options: TlsSessionOptions) {
    this.#options = options
  }

  /** The client speaks first. */
  begin(): void {
    const { side, servername = '', alpn = [] } = this.#options
    if (side === 'client') this.#say({ servername, alpn })
  }

  readonly encode = (bytes: Uint8Array): Buffer[] => {
    const records: Buffer[] = []
    for (let start = 0; start < bytes.length; start += LARGEST) {
      records.push(record(DATA, bytes.subarray(start, start + LARGEST)))
    }
    return records
  }

  readonly decode = (bytes: Uint8Array): Buffer[] => {
    this.#input = Buffer.concat([this.#input, bytes])
    const pieces: Buffer[] = []
    while (this.#input.length > 0) {
      const type = this.#input[0]
      if (type !== HANDSHAKE && type !== ALERT && type !== DATA) throw this.#error('wrong version number')
      if (this.#input.length < HEADER) break
      const end = HEADER + this.#input.readUInt16BE(1)
      if (this.#input.length < end) break
      const payload = masked(this.#input.subarray(HEADER, end))
      this.#input = this.#input.subarray(end)
      this.#take(type, payload, pieces)
    }
    return pieces
  }

  encodeEnd(): Buffer[] {
    return this.info === undefined ? [] : [record(ALERT, Buffer.from('close_notify'))]
  }

  decodeEnd(): void {
    if (this.info !== undefined && !this.#ended && this.#options.allowTruncation !== true)
      throw truncationError()
  }

  #take(type: number, payload: Buffer, pieces: Buffer[]): void {
    if (this.#ended) return
    if (type === HANDSHAKE) return this.#shake(payload)
    if (this.info === undefined) throw this.#error('unexpected message')
    if (type === ALERT) this.#ended = true
    else pieces.push(payload)
  }

  #shake(payload: Buffer): void {
    if (this.info !== undefined) throw this.#error('no renegotiation')
    const { side, alpn = [], servername = '' } = this.#options
    const said = read(payload)
    if (said === undefined) throw this.#error('unexpected message')
    if (side === 'client') {
      this.#say({ servername, alpn: [] })
      return this.#done(servername, said.alpn[0] ?? '')
    }
    if (this.#hello !== undefined) return this.#done(this.#hello.servername, this.#hello.alpn[0] ?? '')
    const common = alpn.filter(name => said.alpn.includes(name))
    if (alpn.length > 0 && said.alpn.length > 0 && common.length === 0) {
      throw this.#error('no application protocol')
    }
    this.#hello = { servername: said.servername, alpn: common.slice(0, 1) }
    this.#say(this.#hello)
  }

  #done(servername: string, alpn: string): void {
    this.info = {
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
      servername,
      alpn,
      reused: false,
      authorized: this.#options.side === 'client',
      authorizationError: undefined,
      peerCertificate: undefined,
    }
    this.#options.secured()
  }

  #say(hello: Hello): void {
    this.#options.send(record(HANDSHAKE, Buffer.from(JSON.stringify(hello))))
  }

  #error(reason: string): RevioError {
    const what = this.info === undefined ? 'TLS handshake' : 'TLS'
    return new RevioError('ERR_TLS', `${what} with ${this.#options.peer}: ${reason}`)
  }
}

function record(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.from([type, payload.length >> 8, payload.length & 0xff])
  return Buffer.concat([header, masked(payload)])
}

function masked(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.map(byte => byte ^ MASK))
}

function read(payload: Buffer): Hello | undefined {
  try {
    return JSON.parse(payload.toString()) as Hello
  } catch {
    return undefined
  }
}
