import { simulate } from 'revio/testing'
import t from 'tap'
import { redis } from '../../examples/redis/server.js'

/** An element that the first block of a list has no room for lies in the second; the first is empty then. */
t.test('an element that is longer than a block can be taken from either end', async t => {
  for (const [push, pop] of [
    ['RPUSH', 'LPOP'],
    ['LPUSH', 'RPOP'],
    ['RPUSH', 'LMPOP 1 list LEFT'],
  ]) {
    const peer = simulate(redis()).connect()
    const element = 'x'.repeat(6000)
    peer.send(`*3\r\n$5\r\n${push}\r\n$4\r\nlist\r\n$6000\r\n${element}\r\n`)
    t.equal(peer.take(), ':1\r\n')
    peer.send(`${pop}${pop?.includes(' ') ? '' : ' list'}\r\n`)
    t.ok(peer.take().endsWith(`$6000\r\n${element}\r\n`), `${push} ${pop}`)
    peer.send('EXISTS list\r\n')
    t.equal(peer.take(), ':0\r\n')
  }
})
