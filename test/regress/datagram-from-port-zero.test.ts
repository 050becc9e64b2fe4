import { spawnSync } from 'node:child_process'
import t from 'tap'
import type { Server } from '../../lib/index.js'
import { inWorld } from '../transport/udp/datagram-world.js'

const program = `
import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
text = b'nobody'
if len(sys.argv) > 1:
    raw.sendto(struct.pack('!HHHH', 0, int(sys.argv[1]), 8 + len(text), 0) + text, ('127.0.0.1', 0))`

/** Sends a datagram whose header says port 0; answers whether this machine could. */
function sendFromPortZero(...ports: number[]): boolean {
  return spawnSync('python3', ['-c', program, ...ports.map(String)], { timeout: 30_000 }).status === 0
}

if (!sendFromPortZero()) t.pass('a raw socket', { skip: 'needs root and python3' })
else {
  inWorld('a datagram that claims to come from port 0 costs its own id and nobody else', async (t, world) => {
    const errors: unknown[] = []
    const { server } = await world.serve({
      opened: (_id, { remoteAddress }) => {
        if (remoteAddress.port === 0) t.equal(remoteAddress.host, '127.0.0.1')
        return undefined
      },
      data: (_id, input) => [input, 0, 'token'],
      sent: (_id, _token, error) => void errors.push(error),
      closed: (_id, error) => void errors.push(error),
    })
    const peer = await world.peer(server)
    peer.send('before')
    await world.until('an echo', () => peer.texts.length === 1)
    t.ok(sendFromPortZero(portOf(server)))
    await world.until('the end of the impossible remote', () => errors.length === 3)
    t.match(errors, [
      undefined,
      { code: 'EINVAL' },
      { code: 'EINVAL', syscall: 'send', message: /127\.0\.0\.1:0/ },
    ])
    peer.send('behind')
    await world.until('another echo', () => peer.texts.length === 2)
    t.equal(server.connections, 1)
  })
}

function portOf({ addresses }: Server): number {
  return addresses[0]?.port ?? 0
}
