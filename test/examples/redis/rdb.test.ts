import { Buffer } from 'node:buffer'
import t from 'tap'
import { Arguments } from '../../../examples/redis/arguments.js'
import { Bytes } from '../../../examples/redis/bytes.js'
import { Database } from '../../../examples/redis/keyspace/database.js'
import { crc64 } from '../../../examples/redis/rdb/crc64.js'
import { dump } from '../../../examples/redis/rdb/dump.js'
import { decompress } from '../../../examples/redis/rdb/lzf.js'
import { Malformed } from '../../../examples/redis/rdb/malformed.js'
import { isWhole, restore } from '../../../examples/redis/rdb/restore.js'
import { Random } from './random.js'

/** What redis-server 7.0.15 answered to DUMP, without the version and the checksum. */
const DUMPS = [
  '0005 68656c6c6f',
  '00c0 fb',
  '00c1 2c01',
  '00c3 0b40c8026162 63e00000e0ba02 026162 63',
  '1201 0216 16000000 0300 8161 02 0101 df f9 03 ff',
  '0b10 04000000 02000000 01000000 ffffff7f',
  '1010 10000000 0200 8166 02 8176 02 ff',
  '1112 12000000 0200 8161 02 84322e3530 05 ff',
  '0401 0166 0176',
  '0502 0161 000000000000f03f 0162 00000000000004c0',
]

const key = new Arguments()
key.assign([Buffer.from('key')])

function whole(content: Buffer): Buffer {
  const version = Buffer.from([10, 0])
  const checksum = Buffer.alloc(8)
  checksum.writeBigUInt64LE(crc64(Buffer.concat([content, version])))
  return Buffer.concat([content, version, checksum])
}

t.test('the checksum is the one of Redis', async t => {
  t.equal(crc64(Buffer.from('123456789')), 0xe9c6d914c4b8d9can)
})

t.test('what was dumped is restored, and is dumped as the same again', async t => {
  for (const length of [0, 1, 63, 64, 16_383, 16_384, 100_000]) {
    const database = new Database(() => 0)
    const bytes = new Bytes(Buffer.alloc(length, 'abc'))
    database.setString(key, 0, bytes, 0, length)
    const first = dump(database, database.find(key, 0))
    t.ok(isWhole(first))
    restore(database, key, 0, first)
    t.equal(database.string(key, 0)?.end, (database.string(key, 0)?.start ?? 0) + length)
    t.strictSame(dump(database, database.find(key, 0)), first)
  }
})

t.test('whatever bytes there are, a dump is restored whole or refused, and leaves nothing then', async t => {
  const random = new Random(2)
  // One for all rounds: to make one takes longer than a round, and what a round leaves behind meets the next.
  const database = new Database(() => 0)
  let refused = 0
  for (let round = 0; round < 20_000; round++) {
    const content = Buffer.from(random.pick(DUMPS).replaceAll(' ', ''), 'hex')
    for (let count = random.below(4); count > 0; count--) {
      content[random.below(content.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)])
    }
    const cut = random.below(5) === 0 ? content.subarray(0, random.below(content.length)) : content
    try {
      restore(database, key, 0, whole(cut))
      if (!isWhole(dump(database, database.find(key, 0))))
        t.fail(`${cut.toString('hex')} is dumped with a wrong checksum`)
      if (!database.remove(key, 0) || database.size > 0)
        t.fail(`${cut.toString('hex')} left more than its key`)
    } catch (thrown) {
      if (!(thrown instanceof Malformed)) throw thrown
      refused++
      if (database.size > 0) {
        t.fail(`${cut.toString('hex')} was refused and left a key`)
        database.clear()
      }
    }
  }
  t.ok(refused > 1000 && refused < 19_000, `${refused} refused`)
})

t.test('compressed data that announces much takes no memory', async t => {
  t.throws(() => decompress(Buffer.from([0, 1]), 2 ** 31), { message: 'compressed data is too short' })
})
