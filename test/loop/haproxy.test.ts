import { spawn, spawnSync } from 'node:child_process'
import * as net from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { Action, type Server, serve } from '../../lib/index.js'
import { freePort } from '../transport/free-port.js'

const skip = spawnSync('haproxy', ['-v']).status === 0 ? false : 'haproxy is not installed (Debian: haproxy)'

async function connected(port: number): Promise<net.Socket> {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1')
    const failed = await new Promise<boolean>(resolve => {
      socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    })
    if (!failed) return socket
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

for (const mode of ['tcp', 'http'] as const) {
  for (const [version, word] of [
    [1, 'send-proxy'],
    [2, 'send-proxy-v2'],
  ] as const) {
    t.test(`behind haproxy in ${mode} mode, version ${version}`, { skip }, async t => {
      const remotes: string[] = []
      const running = serve(
        {
          opened: (_id, info) => void remotes.push(String(info.remoteAddress)),
          data: () => ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok', Action.Close],
        },
        'tcp://127.0.0.1:0?proxy=require',
      )
      const server: Server = await running.listening
      const port = await freePort()
      const folder = t.testdir({
        'haproxy.cfg': [
          'defaults',
          `  mode ${mode}`,
          '  timeout connect 5s',
          '  timeout client 5s',
          '  timeout server 5s',
          'listen app',
          `  bind 127.0.0.1:${port}`,
          `  server one 127.0.0.1:${server.addresses[0]?.port} ${word}`,
          '',
        ].join('\n'),
      })
      const proxy = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' })
      t.teardown(() => proxy.kill('SIGKILL'))
      const socket = await connected(port)
      const local = socket.localPort
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      let heard = ''
      for await (const bytes of socket) heard += bytes
      t.match(heard, /^HTTP\/1.1 200 OK\r\n.*ok$/is)
      t.strictSame(remotes.at(-1), `tcp4://127.0.0.1:${local}`)
      server.shutdown()
      await running
    })
  }
}
