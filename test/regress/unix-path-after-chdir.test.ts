import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'
import { SocketWorld } from '../transport/socket-world.js'

const here = process.cwd()
t.teardown(() => process.chdir(here))

for (const [length, what] of [
  [0, 'a relative path is removed where it was made'],
  [60, 'a relative path that is too long as an absolute one'],
] as const) {
  for (const options of ['', '?mode=600']) {
    await onBoth(t, `${what} ${options}`, async (t, transport) => {
      const folder = mkdtempSync(join(tmpdir(), 'revio-'))
      t.teardown(() => rmSync(folder, { recursive: true }))
      const [from, to] = [`from${'m'.repeat(length)}`, 'to'].map(name => join(folder, name)) as [
        string,
        string,
      ]
      mkdirSync(from)
      mkdirSync(to)
      const name = `socket${'k'.repeat(length)}`
      writeFileSync(join(to, name), 'precious')
      const world = new SocketWorld(transport, 'unix')

      process.chdir(from)
      const started = world.serve(
        { opened: () => ['hello'] },
        `unix${transport === 'net' ? '-net' : ''}://${name}${options}`,
      )
      if (length === 0) process.chdir(to)
      const { server, done } = await started
      const peer = length === 0 ? world.connect(server) : undefined
      await world.until('hello', () => peer === undefined || peer.received === 'hello')
      process.chdir(to)
      t.ok(existsSync(join(from, name)))

      server.shutdown()
      await done
      t.strictSame(readdirSync(from), [], 'it is removed where it was made')
      t.equal(readFileSync(join(to, name), 'utf8'), 'precious', 'and nothing else is')
      t.strictSame(readdirSync(to), [name])
      t.strictSame(await world.end(), [])
      process.chdir(here)
    })
  }
}
