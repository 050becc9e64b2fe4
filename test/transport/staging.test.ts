import { Buffer } from 'node:buffer'
import t from 'tap'
import { StagingBuffer } from '../../lib/transport/staging.js'

t.test('chunks lie one behind the other', async t => {
  const stage = new StagingBuffer(Buffer.allocUnsafeSlow(100))
  t.equal(stage.room, 100)
  t.equal(stage.put('abc', 3), 0)
  t.equal(stage.put(Buffer.from('defg'), 4), 3)
  t.equal(stage.put(new Uint8Array([104, 105]), 2), 7)
  t.equal(stage.top, 9)
  t.equal(stage.room, 91)
  t.equal(stage.bytes.toString('utf8', 0, 9), 'abcdefghi')
})

t.test('strings of any length and script go in as UTF-8', async t => {
  for (const text of [
    '',
    'a',
    'a'.repeat(32),
    'a'.repeat(33),
    'a'.repeat(500),
    'ü',
    'ßüöä€',
    '漢字',
    '🙂'.repeat(20),
    'é'.repeat(16),
  ]) {
    const stage = new StagingBuffer(Buffer.allocUnsafeSlow(1000))
    const size = Buffer.byteLength(text)
    stage.put('before', 6)
    t.equal(stage.put(text, size), 6)
    t.equal(stage.bytes.toString('utf8', 6, 6 + size), text)
    t.equal(stage.top, 6 + size)
  }
})

t.test('a lone surrogate takes the room that was counted for it', async t => {
  const text = 'a\ud800b'
  const stage = new StagingBuffer(Buffer.allocUnsafeSlow(100))
  stage.put(text, Buffer.byteLength(text))
  stage.put('|', 1)
  t.equal(stage.bytes.toString('utf8', 0, stage.top), 'a\ufffdb|')
})

t.test('reset, its block is used again; renewed, another one is, at the same place', async t => {
  const stage = new StagingBuffer(Buffer.allocUnsafeSlow(10))
  stage.put('abc', 3)
  const { bytes } = stage
  stage.renew()
  t.not(stage.bytes, bytes)
  t.equal(stage.put('d', 1), 3)
  t.equal(bytes.toString('utf8', 0, 3), 'abc')
  stage.reset()
  t.equal(stage.room, 10)
  t.equal(stage.put('e', 1), 0)
})
