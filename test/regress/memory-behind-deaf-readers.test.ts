import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { onBoth } from '../transport/on-both.js'

const fixture = fileURLToPath(
  new URL(`fixtures/deaf-readers${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url),
)

await onBoth(t, 'what waited for peers that are gone is given back', async (t, transport) => {
  const address = `tcp4${transport === 'net' ? '-net' : ''}://127.0.0.1:0`
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, '--expose-gc', fixture, address],
    { encoding: 'utf8', timeout: 60_000 },
  )
  t.equal(stderr, '')
  const { before, full, after } = JSON.parse(stdout)
  t.ok(full - before > 100, `${full - before} MB waited`)
  t.ok(after - before < (full - before) / 3, `${after - before} of ${full - before} MB were left`)
})
