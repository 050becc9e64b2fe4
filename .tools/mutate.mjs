// Looks for what no test would notice: plants faults in sources, one at a time, and runs quick tests on each.
//   npm run mutate -- lib/loop/closer.ts lib/loop/state.ts [--most N] [--seeds N] [--tests test/loop,test/other.test.ts]
// Prints the mutants that survive, by file and line. Only the JavaScript in dist/ is changed, and put back at the end.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { build } from './build.mjs'
import { install } from './install.mjs'
import { mutantsOf } from './mutants.mjs'
import { root } from './paths.mjs'
import { bundleTap } from './tap.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: 'string', default: '100' },
    seeds: { type: 'string', default: '100' },
    tests: { type: 'string', default: 'test/transport/memory.test.ts,test/loop,test/testing' },
  },
})
/** Milliseconds for one run: a mutant may never end. */
const TIMEOUT = 120_000

/** Simulated histories, without the search for the shortest that breaks a rule. */
const SIMULATE = `
const { generate } = await import('./dist/test/simulate/generate.js')
const { run } = await import('./dist/test/simulate/run.js')
for (let seed = 1; seed <= ${Number(values.seeds)}; seed++) {
  if ((await run(generate(seed))).violation !== undefined) process.exit(1)
}
process.exit(0)`

const { options } = ts.convertCompilerOptionsFromJson(
  JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).compilerOptions,
  root,
)

install('test')
await build()
bundleTap()
process.exitCode = main()

function main() {
  const checks = [['--input-type=module', '-e', SIMULATE], ...values.tests.split(',').flatMap(testsIn)]
  const failing = checks.find(check => !passes(check))
  if (failing !== undefined) throw new Error(`fails without a mutant: ${failing.at(-1)}`)
  const mutants = spread(positionals.flatMap(path => mutantsOf(readFileSync(join(root, path), 'utf8'), path)))
  const survivors = mutants.filter((mutant, index) => {
    if (index % 10 === 0) process.stderr.write(`${index} of ${mutants.length}\n`)
    return survives(mutant, checks)
  })
  process.stdout.write(`${survivors.length} of ${mutants.length} mutants survive\n`)
  return 0
}

function testsIn(path) {
  const compiled = join(root, 'dist', path.replace(/\.ts$/, '.js'))
  if (!statSync(compiled).isDirectory()) return [[compiled]]
  const names = readdirSync(compiled, { recursive: true }).filter(name => name.endsWith('.test.js'))
  return names.sort().map(name => [join(compiled, name)])
}

/** A sample of the requested size, evenly spread. */
function spread(all) {
  const count = Math.min(all.length, Number(values.most))
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)])
}

function survives(mutant, checks) {
  const { name, start, end, instead, line, what } = mutant
  const text = readFileSync(join(root, name), 'utf8')
  const compiled = join(root, 'dist', name.replace(/\.ts$/, '.js'))
  const before = readFileSync(compiled)
  const restore = () => writeFileSync(compiled, before)
  process.once('exit', restore)
  try {
    const { outputText } = ts.transpileModule(text.slice(0, start) + instead + text.slice(end), {
      // A single file does not tell that its package consists of ES modules.
      compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
      fileName: name,
    })
    writeFileSync(compiled, outputText)
    if (!checks.every(passes)) return false
    const source = text.slice(start, end).replaceAll(/\s+/g, ' ')
    process.stdout.write(`${name}:${line}: ${what}: ${source.slice(0, 100)}\n`)
    return true
  } finally {
    restore()
    process.removeListener('exit', restore)
  }
}

function passes(args) {
  const env = { ...process.env, TAP: '1', TAP_BAIL: '1', TAP_TIMEOUT: `${TIMEOUT / 1000}` }
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'ignore', timeout: TIMEOUT })
  return status === 0
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
