import { type Events, type Handlers, protocol, type Server } from '../../lib/index.js'
import { type Peer, type Simulation, type SimulationOptions, simulate } from '../../lib/testing.js'
import {
  type WebSocketHandlers,
  type WebSocketOptions,
  type WebSockets,
  websocket,
} from '../../lib/websocket/index.js'
import type { UpgradeRequest } from '../../lib/websocket/request.js'
import { readFrames } from './frames.js'

/** Connections that use WebSocket from their first byte on, as if HTTP had just handed them over. */
export interface World {
  readonly simulation: Simulation
  readonly server: Server
  readonly sockets: WebSockets
  connect(): Peer
}

export function request(others: Readonly<Record<string, string>> = {}): UpgradeRequest {
  const all: Record<string, string> = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...others,
  }
  const headers = { get: (name: string) => all[name] }
  return { method: 'GET', version: '1.1', headers } as unknown as UpgradeRequest
}

export function world(
  handlers: WebSocketHandlers,
  options: WebSocketOptions & { readonly headers?: Record<string, string> } = {},
  how: SimulationOptions = {},
): World {
  const { headers, ...others } = options
  const sockets = websocket(handlers, others)
  let server: Server | undefined
  const events: Events = {
    serving(running) {
      server = running
    },
    opened(id) {
      const answer = sockets(id, request(headers))
      if (answer instanceof Promise) throw new Error('the handshake was to be answered at once')
      if (answer.length === 1) throw new Error('the handshake was refused')
      const [upgraded, session] = answer
      server?.wake(id)
      return [null, protocol(upgraded as Handlers<unknown>, session)]
    },
  }
  const simulation = simulate(events, how)
  return { simulation, server: simulation.server, sockets, connect: () => simulation.connect() }
}

export const echo: WebSocketHandlers = { message: (_id, data) => [data] }

export function codeOf(error: Error | undefined): unknown {
  return error !== undefined && 'code' in error ? error.code : undefined
}

/** What a peer has received, in words: `text hello`, `binary 0102`, `close 1000 bye`, `pong 00`. */
export function received(peer: Peer): string[] {
  return describe(peer.receivedBytes)
}

export function describe(bytes: Buffer): string[] {
  return readFrames(bytes).map(({ opcode, payload, fin, rsv1 }) => {
    if (!fin) throw new Error('a server of ours sends no fragments')
    const kind = `${rsv1 ? 'compressed ' : ''}${NAMES[opcode]}`
    if (opcode === 8) {
      return payload.length === 0
        ? kind
        : `${kind} ${payload.readUInt16BE(0)} ${payload.subarray(2)}`.trimEnd()
    }
    return opcode === 1 && !rsv1 ? `${kind} ${payload}` : `${kind} ${payload.toString('hex')}`
  })
}

const NAMES: Readonly<Record<number, string>> = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' }

/** The replies of an echo server to these inputs. */
export function answers(found: readonly string[]): string[] {
  return found.flatMap(each => {
    const [kind, first] = each.split(' ', 2)
    if (kind === 'pong') return []
    if (kind === 'ping') return [`pong${each.slice(4)}`]
    if (kind === 'bad') return [`close ${first}`]
    if (kind === 'close') return [first === '1005' ? 'close' : `close ${first}`]
    return [each]
  })
}
