import t from 'tap'
import { Action, type Events, type Server, type TlsInfo } from '../../lib/index.js'
import { type Peer, simulate } from '../../lib/testing.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'

const skip = certificatesMissing() ?? false
const { cert = '', key = '' } = skip === false ? new Authority().issue(...LOCAL) : {}
const secure = { address: 'tls4://127.0.0.1:0', tls: { cert, key, ALPNProtocols: ['h2', 'http/1.1'] } }
const SEEDS = [undefined, ...Array.from({ length: 40 }, (_, index) => index + 1)]

function seeded(seed: number | undefined): { seed?: number } {
  return seed === undefined ? {} : { seed }
}

t.test('an address with TLS has a handshake first, then records', { skip }, async t => {
  for (const seed of SEEDS) {
    const infos: (TlsInfo | undefined)[] = []
    const events: Events = {
      opened(_id, info) {
        infos.push(info.tls)
      },
      data: (_id, input) => [input],
    }
    const simulation = simulate(events, { addresses: [secure], ...seeded(seed) })
    const peer = simulation.connect({ tls: { servername: 'a.test', ALPNProtocols: ['http/1.1'] } })
    const text = 'hello '.repeat(5000)
    peer.send(text)
    simulation.run()
    t.equal(peer.received, text)
    t.match(infos, [{ protocol: 'TLSv1.3', servername: 'a.test', alpn: 'http/1.1' }])
    t.equal(peer.tls?.alpn, 'http/1.1')
    t.equal(String(simulation.server.addresses[0]).startsWith('tls4://'), true)
    peer.end()
    simulation.run()
    t.equal(peer.ended && peer.error === undefined, true)
    simulation.server.shutdown()
    simulation.run()
    t.match(simulation.left, { connections: 0, timers: 0, steps: 0 })
  }
})

t.test('plain text, silence and a cut are what they are with TLS', { skip }, async t => {
  for (const seed of SEEDS) {
    const failures: Error[] = []
    const closed: (Error | undefined)[] = []
    const events: Events = {
      tlsFailed: error => void failures.push(error),
      closed: (_id, error) => void closed.push(error),
    }
    const simulation = simulate(events, { addresses: [secure], ...seeded(seed) })
    simulation.connect({ tls: false }).send('GET / HTTP/1.1\r\n\r\n')
    simulation.run()
    t.match(failures, [{ code: 'ERR_TLS', message: /wrong version number/ }])
    simulation.connect({ tls: false })
    simulation.advance(10_000)
    t.match(failures[1], { code: 'ETIMEDOUT', message: /not completed within 10000 ms/ })
    const peer = simulation.connect()
    simulation.run()
    peer.close()
    simulation.run()
    t.match(closed, [{ code: 'ECONNRESET', message: /close_notify/ }])
  }
})

t.test('a server turns to TLS behind its answer, and nothing goes in the clear', { skip }, async t => {
  for (const seed of SEEDS) {
    const lines: string[] = []
    let server: Server | undefined
    const events: Events = {
      serving(given) {
        server = given
      },
      data(id, input) {
        lines.push(String(input))
        if (!String(input).startsWith('STARTTLS')) return [`you said ${input}`]
        server?.send(id, '220 go ahead\n')
        server?.secure(id, { cert, key })
        return ['welcome ']
      },
      secured(_id, { protocol }) {
        lines.push(`secured ${protocol}`)
        return ['and well\n']
      },
    }
    const simulation = simulate(events, seeded(seed))
    const peer = simulation.connect()
    peer.send('STARTTLS')
    simulation.run()
    // A seed may cut the command, which such a server does not take.
    if (lines[0] !== 'STARTTLS') continue
    t.equal(peer.take(), '220 go ahead\n')
    peer.secure()
    simulation.run()
    t.equal(peer.take(), 'welcome and well\n')
    t.strictSame(lines, ['STARTTLS', 'secured TLSv1.3'])
    peer.send('hello').end()
    simulation.run()
    t.ok(lines.slice(2).join('') === 'hello' && peer.ended)
  }
})

t.test('a client dials with TLS, and turns to it', { skip }, async t => {
  for (const seed of SEEDS) {
    const received: string[] = []
    const simulation = simulate({}, seeded(seed))
    const { server } = simulation
    const peers: Peer[] = []
    simulation.listen('tls://127.0.0.1:443', peer => void peers.push(peer.send('secret')))
    const events: Events = {
      data(_id, input) {
        received.push(String(input))
        return received.join('') === 'secret' ? ['bye', Action.Close] : undefined
      },
    }
    server.dial('tls://127.0.0.1:443', { events })
    simulation.run()
    t.equal(received.join(''), 'secret')
    t.equal(peers[0]?.received, 'bye')
    t.equal(peers[0]?.ended, true)
    simulation.listen('tcp://127.0.0.1:25', peer => void peers.push(peer))
    const info: TlsInfo[] = []
    const id = server.dial('tcp://127.0.0.1:25', { events: { secured: (_id, tls) => void info.push(tls) } })
    simulation.run()
    peers[1]?.secure()
    t.equal(server.secure(id, { servername: 'mail.test' }), true)
    simulation.run()
    t.match(info, [{ servername: 'mail.test' }])
    t.equal(peers[1]?.tls?.servername, 'mail.test')
  }
})
