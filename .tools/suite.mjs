// Runs compiled tests, each file in a process of its own, and reads the TAP that they write. As a program it runs what is
// built with the Node that runs it: node .tools/suite.mjs test/transport test/loop/serve.test.ts
import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Parser } from 'tap-parser'
import { root } from './paths.mjs'
import { BUNDLE, bundleTap } from './tap.mjs'

/** The number of files at a time: most wait more than they work. */
const JOBS = 2 * availableParallelism()
/** Starts the slowest first, so that none is left to run alone at the end. */
const LONG = [
  /-tls\.test\.ts$/,
  /^test\/(layer|reliability|torture|simulate)\//,
  /^test\/docs\.test/,
  /^test\/transport\/[^/]*$/,
]
/** The time limit of a file in seconds; reached only on failure, even on a busy machine. */
const TIMEOUT = 300

/**
 * Runs the tests in `paths`, given by their sources: files, or folders for every `*.test.ts` in them. Prints failures
 * and the number of assertions by result, and returns the exit code.
 */
export async function suite(paths) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const failures = []
  const left = findTests(paths)
    .sort((a, b) => rank(a) - rank(b))
    .values()
  bundleTap()
  const work = async () => {
    for (const file of left) {
      const result = await runFile(file)
      for (const name of Object.keys(counts)) counts[name] += result[name]
      failures.push(...result.shown.map(text => `failed: ${file}: ${text}\n`))
    }
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  // Repeated at the end, where one looks: a failed file may have written much after it.
  process.stdout.write(failures.join(''))
  const { passed, failed, skipped } = counts
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed > 0 || passed === 0 ? 1 : 0
}

function findTests(paths) {
  return paths.flatMap(path => {
    const place = join(root, path)
    if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) return [named(path)]
    const found = readdirSync(place, { recursive: true }).filter(name => name.endsWith('.test.ts'))
    return found.sort().map(name => relative(root, join(place, name)))
  })
}

function rank(file) {
  const place = LONG.findIndex(pattern => pattern.test(file))
  return place < 0 ? LONG.length : place
}

function named(path) {
  const file = relative(root, join(root, path))
  if (file.endsWith('.test.ts') && statSync(join(root, file), { throwIfNoEntry: false })?.isFile())
    return file
  process.stderr.write(`${path} is not a test: expected a file test/**/*.test.ts or a folder\n`)
  process.exit(2)
}

async function runFile(file) {
  const start = performance.now()
  const compiled = join(root, 'dist', file.replace(/\.ts$/, '.js'))
  const child = spawn(process.execPath, ['--enable-source-maps', compiled], {
    cwd: root,
    env: { ...process.env, TAP: '1', TAP_TIMEOUT: `${TIMEOUT}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = []
  child.stderr.on('data', bytes => errors.push(bytes))
  // A test ends by itself before; this is for one that is stuck.
  const timer = setTimeout(() => child.kill('SIGKILL'), (TIMEOUT + 30) * 1000)
  const result = await readTap(child.stdout)
  const { code, signal } = await exit(child)
  clearTimeout(timer)
  const whole = result.complete && code === 0 && signal === null
  // Such a file failed without a failed assertion.
  if (!whole && result.failed === 0) {
    result.failed++
    result.shown.push(`it ended with ${signal ?? `exit code ${code}`}\n${result.error}`)
  }
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s ${file}\n`)
  if (result.failed > 0) {
    for (const text of result.shown) process.stdout.write(`failed: ${file}: ${text}\n`)
    process.stdout.write(Buffer.concat(errors))
  }
  return result
}

function exit(child) {
  return new Promise(resolve => child.once('close', (code, signal) => resolve({ code, signal })))
}

/** The results of a TAP stream's assertions; a line that closes a subtest is its summary and does not count. */
function readTap(stream) {
  const result = { passed: 0, failed: 0, skipped: 0, shown: [], complete: false, error: '' }
  const listen = parser => {
    parser.on('child', listen)
    parser.on('assert', assert => {
      if (assert.closingTestPoint) return
      if (assert.skip || assert.todo) result.skipped++
      else if (assert.ok) result.passed++
      else {
        result.failed++
        result.shown.push(describe(assert))
      }
    })
  }
  return new Promise(resolve => {
    const parser = new Parser({}, ({ ok, failures }) => {
      const error = failures
        .map(({ tapError }) => tapError)
        .filter(Boolean)
        .join('\n')
      resolve(Object.assign(result, { complete: ok, error }))
    })
    listen(parser)
    stream.pipe(parser)
  })
}

function describe({ fullname, diag }) {
  const { at, source, stack, diff, ...more } = diag ?? {}
  const place = at?.fileName === undefined ? '' : ` (${at.fileName}:${at.lineNumber})`
  const rest = Object.keys(more).length === 0 ? '' : JSON.stringify(more, null, 2)
  const frames = stack?.split('\n').filter(frame => !frame.includes(BUNDLE))
  const parts = [`${fullname}${place}`, diff ?? source, rest, frames?.join('\n')].filter(Boolean)
  return parts
    .map(part => part.trimEnd())
    .join('\n')
    .replaceAll('\n', '\n    ')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await suite(process.argv.slice(2))
}
