import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { root } from '../../paths.js'
import { Connection } from './connection.js'
import { noRedisServer, startClone, startRedis } from './servers.js'
import { comparable, readTranscript, textOf, wordsOf, writeTranscript } from './transcript.js'

/**
 * Transcripts of sessions with Redis 7.0.15: the clone must answer like it, byte for byte; so must a redis-server, where
 * there is one, or the transcripts are wrong. With RECORD=1 they are written anew from what redis-server answers.
 */
const directory = join(root, 'test/examples/redis/transcripts/')
const files = readdirSync(directory).filter(file => file.endsWith('.txt'))
const record = process.env.RECORD === '1'

t.test('redis-server answers as recorded', { skip: noRedisServer }, async t => {
  const { path } = await startRedis(t)
  for (const file of files) {
    const replies = await play(path, file)
    if (record)
      writeFileSync(directory + file, writeTranscript(readFileSync(directory + file, 'utf8'), replies))
    t.test(file, async t => check(t, file, replies))
  }
})

t.test('the clone answers as redis-server does', async t => {
  const { path } = await startClone(t)
  for (const file of files) {
    const replies = await play(path, file)
    t.test(file, async t => check(t, file, replies))
  }
})

/** Runs a transcript's commands on an empty server; answers the replies. */
async function play(path: string, file: string): Promise<string[]> {
  const connection = await Connection.to({ path })
  await connection.ask('FLUSHALL')
  const replies: string[] = []
  for (const { command } of exchangesOf(file)) replies.push(textOf(await connection.ask(...wordsOf(command))))
  connection.close()
  return replies
}

function check(t: Test, file: string, replies: readonly string[]): void {
  for (const [index, { line, marker, command, reply }] of exchangesOf(file).entries()) {
    const wanted = comparable(reply, marker)
    const found = comparable(replies[index] ?? '', marker)
    if (wanted !== found) t.equal(found, wanted, `${file}:${line} ${command}`)
  }
  t.pass(`${replies.length} replies`)
}

function exchangesOf(file: string) {
  return readTranscript(readFileSync(directory + file, 'utf8'))
}
