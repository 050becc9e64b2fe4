// The whole check: lint, types, tests. Arguments are tests by their sources: `npm test -- test/address.test.ts`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { install } from './install.mjs'
import { root } from './paths.mjs'

install('test')
const { findTests, runTests } = await import('./suite.mjs')
const files = findTests(process.argv.length > 2 ? process.argv.slice(2) : ['test'])

process.stderr.write('lint\n')
const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
const lint = spawnSync(process.execPath, [biome, 'check', '--error-on-warnings', '.'], {
  cwd: root,
  stdio: 'inherit',
})
if (lint.status !== 0) process.exit(lint.status ?? 1)

process.stderr.write('types\n')
build()

process.stderr.write('tests\n')
const { passed, failed, skipped } = await runTests(files)
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
