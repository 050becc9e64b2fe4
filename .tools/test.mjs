// The whole check: lint, types, tests. Arguments are tests by their sources: `npm test -- test/address.test.ts`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { install } from './install.mjs'
import { root } from './paths.mjs'

install('test')

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
const { suite } = await import('./suite.mjs')
process.exitCode = await suite(process.argv.length > 2 ? process.argv.slice(2) : ['test'])
