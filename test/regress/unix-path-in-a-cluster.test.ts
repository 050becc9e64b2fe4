import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const fixture = fileURLToPath(new URL('fixtures/cluster.js', import.meta.url))

for (const options of ['', '?mode=600']) {
  t.test(`workers of a cluster share a Unix socket ${options}`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'revio-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'socket')
    const args = [...process.execArgv, fixture, `unix-net://${path}${options}`, path]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
    t.equal(stderr, '', 'nobody is warned of anything')
    t.strictSame(JSON.parse(stdout), { answers: ['serving', 'serving'], heard: 2, left: false })
  })
}
