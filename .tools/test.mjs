// The whole check: lint, types, tests. Arguments go to tap, so that `npm test -- test/address.test.ts` runs one file.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { install } from './install.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const args = process.argv.slice(2)

install()
build()
step('lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.'])
step('types', 'node_modules/typescript/bin/tsc', ['-p', '.'])

const results = join(root, '.tap/results.tap')
mkdirSync(dirname(results), { recursive: true })
process.stderr.write('tests\n')
// Coverage of the test process says little here: servers under test run in processes of their own, and examples built.
const flags = ['run', '--disable-coverage', '--reporter=terse', `--output-file=${results}`]
const status = node('node_modules/tap/dist/esm/run.mjs', [...flags, ...args])
const counts = count(readFileSync(results, 'utf8'))
for (const failure of counts.failures) process.stdout.write(`failed: ${failure}\n`)
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
process.exit(status)

function step(name, program, programArgs) {
  process.stderr.write(`${name}\n`)
  const code = node(program, programArgs)
  if (code !== 0) process.exit(code)
}

function node(program, programArgs) {
  const { status: code } = spawnSync(process.execPath, [join(root, program), ...programArgs], {
    cwd: root,
    stdio: 'inherit',
  })
  return code ?? 1
}

/**
 * Assertions in a TAP stream, and what failed with the files it is in; a line that opens a subtest of its own is its
 * summary and counts for nothing.
 */
function count(tap) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] }
  for (const line of tap.split('\n')) {
    if (/^\s*not ok .* # time=/.test(line))
      counts.failures.push(line.replace(/not ok \d+ - | # time=.*/g, ''))
    const match = /^\s+(not )?ok \d+(.*)$/.exec(line)
    if (match === null || /\{$/.test(line)) continue
    if (/# (SKIP|TODO)/i.test(match[2])) counts.skipped++
    else if (match[1] === undefined) counts.passed++
    else counts.failed++
  }
  return counts
}
