import t from 'tap'
import { respOrHttp } from '../../examples/resp-or-http.js'
import { simulate } from '../../lib/testing.js'

t.test('a client that says nothing for ten seconds is closed, in order', async t => {
  const simulation = simulate(respOrHttp())
  const peer = simulation.connect()
  simulation.advance(9999)
  t.equal(peer.ended, false)
  t.equal(simulation.server.connections, 1)
  simulation.advance(1)
  t.equal(peer.ended, true)
  t.equal(peer.error, undefined)
  t.equal(simulation.server.connections, 0)
  simulation.server.shutdown()
  await simulation.done
})

t.test('whoever has sent a byte by then has all the time that its protocol gives', async t => {
  const simulation = simulate(respOrHttp())
  const [resp, http] = [simulation.connect(), simulation.connect()]
  simulation.advance(9999)
  resp.send('*')
  http.send('G')
  simulation.advance(29_000)
  t.equal(simulation.server.connections, 2)
  resp.send('1\r\n$4\r\nPING\r\n')
  http.send('ET / HTTP/1.0\r\n\r\n')
  t.equal(resp.received, '+PONG\r\n')
  t.match(http.received, /^HTTP\/1\.1 200 OK\r\n/)
  simulation.server.shutdown()
  await simulation.done
})
