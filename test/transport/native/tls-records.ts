import { Buffer } from 'node:buffer'
import { createCipheriv, createHmac } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import * as tls from 'node:tls'
import type { Test } from 'tap'
import type { Address } from '../../../lib/index.js'

const Alert = 21
const Handshake = 22
const Data = 23

/** RFC 8446, 7.1: HKDF-Expand-Label without a context, for up to one hash's length. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`)
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0), Buffer.of(1)])
  return createHmac('sha256', secret).update(info).digest().subarray(0, length)
}

/** A TLS 1.3 client with node:tls's handshake, whose records are made here, in any order and form. */
export class RecordClient {
  readonly socket: net.Socket
  #secret: Buffer
  #sequence = 0

  constructor(socket: net.Socket, secret: Buffer) {
    this.socket = socket
    this.#secret = secret
  }

  data(text: string): Buffer {
    return this.#record(Data, Buffer.from(text))
  }

  closeNotify(): Buffer {
    return this.#record(Alert, Buffer.of(1, 0))
  }

  /** Makes the server change its keys too, if `asks`. */
  keyUpdate(asks: boolean): Buffer {
    const record = this.#record(Handshake, Buffer.of(24, 0, 0, 1, asks ? 1 : 0))
    this.#secret = expand(this.#secret, 'traffic upd', 32)
    this.#sequence = 0
    return record
  }

  #record(type: number, content: Buffer): Buffer {
    const plain = Buffer.concat([content, Buffer.of(type)])
    const head = Buffer.from([Data, 3, 3, 0, 0])
    head.writeUInt16BE(plain.length + 16, 3)
    const nonce = expand(this.#secret, 'iv', 12)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ this.#sequence++) >>> 0, 8)
    const cipher = createCipheriv('aes-128-gcm', expand(this.#secret, 'key', 16), nonce)
    cipher.setAAD(head)
    return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }
}

/** Sockets that are connected with each other. */
export async function socketPair(t: Test): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const near = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
  const [far] = (await once(server, 'connection')) as [net.Socket]
  server.close()
  for (const socket of [near, far]) {
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
  }
  return [near, far]
}

/** Connects, performs the handshake, and hands over the connection below with the secret of this side. */
export async function recordClient(t: Test, { host, port }: Address, ca: string): Promise<RecordClient> {
  const [near, far] = await socketPair(t)
  const socket = net.connect({ host, port, noDelay: true })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  far.pipe(socket).pipe(far)
  let secret: Buffer | undefined
  const client = tls.connect({
    socket: near,
    ca,
    servername: 'localhost',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    minVersion: 'TLSv1.3',
  })
  client.on('error', () => {})
  client.on('keylog', (line: Buffer) => {
    const [label, , value = ''] = String(line).trim().split(' ')
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = Buffer.from(value, 'hex')
  })
  await once(client, 'session') // Which follows the handshake: all of it has passed.
  far.unpipe(socket)
  socket.unpipe(far)
  socket.resume()
  if (secret === undefined) throw new Error('node:tls has told no secret')
  return new RecordClient(socket, secret)
}
