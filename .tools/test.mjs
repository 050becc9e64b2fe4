// The whole check: lint, types, tests. Arguments are tests by their sources: `npm test -- test/address.test.ts`.
import { build, run } from './build.mjs'
import { install } from './install.mjs'

install('test')

process.stderr.write('lint and types\n')
await Promise.all([
  run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'),
  build(),
])

process.stderr.write('tests\n')
const { suite } = await import('./suite.mjs')
process.exitCode = await suite(process.argv.length > 2 ? process.argv.slice(2) : ['test'])
