// Builds what is out of date: TypeScript into dist/, and the addon where a compiler is.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const addon = join(root, 'dist/transport/native/revio.node')

/** The compiler's projects, in the order in which they need each other, and the folders that each reads. */
const projects = [
  { path: 'lib', reads: ['lib'] },
  { path: 'examples', reads: ['lib', 'examples'] },
  { path: 'benchmarks', reads: ['lib', 'benchmarks'] },
  { path: 'test/simulate', reads: ['lib', 'test/simulate'] },
  { path: 'test/torture', reads: ['lib', 'test/torture'] },
  { path: 'test/fuzz', reads: ['test/fuzz', 'test/examples/redis'] },
]

/** Builds what is out of date. With `always`, everything. */
export function build({ always = false } = {}) {
  buildAddon({ always })
  for (const { path, reads } of projects) {
    const stamp = join(root, 'dist', `.${path.replace('/', '-')}`)
    const newest = Math.max(...reads.map(folder => newestIn(join(root, folder))))
    if (!always && mtime(stamp) > newest) continue
    process.stderr.write(`building ${path}\n`)
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', path])
    writeFileSync(stamp, '')
  }
}

function buildAddon({ always }) {
  const stamp = join(root, 'dist/.native')
  if (!always && mtime(stamp) > newestIn(join(root, 'lib/transport/native/src'), /\.(c|h|gyp)$/)) return
  const failure = tryAddon()
  if (failure === undefined) {
    mkdirSync(dirname(addon), { recursive: true })
    // A running program may have the old one mapped: it keeps its own copy.
    rmSync(addon, { force: true })
    copyFileSync(join(root, 'lib/transport/native/src/build/Release/revio.node'), addon)
  } else {
    rmSync(addon, { force: true })
    process.stderr.write(`no native transport, plain addresses run on node:net: ${failure}\n`)
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, '')
}

/** Why the addon could not be built, in one line; undefined when it was. */
function tryAddon() {
  if (process.platform === 'win32') return 'there is none for Windows'
  const compiler = process.env.CC ?? 'cc'
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status !== 0)
    return `no C compiler (${compiler}) was found`
  const gyp = nodeGyp()
  if (gyp === undefined) return 'node-gyp was not found beside npm'
  process.stderr.write('building lib/transport/native/src\n')
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
  const args = [gyp, 'rebuild', '-C', join(root, 'lib/transport/native/src'), ...headers]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 300_000 })
  if (status === 0) return undefined
  const lines = `${stdout}\n${stderr}`.split('\n')
  return lines.find(line => /error[: ]/i.test(line))?.trim() ?? 'node-gyp failed'
}

/** npm brings a node-gyp of its own. */
function nodeGyp() {
  const npm = process.env.npm_execpath
  const beside = [
    npm && dirname(dirname(npm)),
    join(dirname(dirname(process.execPath)), 'lib/node_modules/npm'),
  ]
  return beside
    .filter(Boolean)
    .map(folder => join(folder, 'node_modules/node-gyp/bin/node-gyp.js'))
    .find(existsSync)
}

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

function newestIn(folder, which = /\.(ts|json)$/) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      newest = entry.name === 'build' ? newest : Math.max(newest, newestIn(path, which))
    else if (which.test(entry.name)) newest = Math.max(newest, mtime(path))
  }
  return newest
}

function mtime(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { install } = await import('./install.mjs')
  install()
  build({ always: true })
}
