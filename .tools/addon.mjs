// Builds the addon for this machine, if there is a compiler.
import { execFile, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './paths.mjs'

export const sources = join(root, 'lib/transport/native/src')
const addon = join(root, 'dist/lib/transport/native/revio.node')
/** Written after each attempt, so that a machine without a compiler reports that only once. */
const stamp = join(root, 'dist/lib/transport/native/.tried')

/** Builds the addon if it is out of date. */
export async function buildAddon() {
  if (mtime(stamp) > newestSource()) return
  const failure = await tryAddon()
  mkdirSync(dirname(addon), { recursive: true })
  // A running program may have mapped the old file: it keeps its copy.
  rmSync(addon, { force: true })
  if (failure === undefined) copyFileSync(join(sources, 'build/Release/revio.node'), addon)
  else process.stderr.write(`no native transport, plain addresses run on node:net: ${failure}\n`)
  writeFileSync(stamp, '')
}

/** Why the addon could not be built, on one line; undefined if it was. */
async function tryAddon() {
  if (process.platform === 'win32') return 'there is none for Windows'
  const compiler = process.env.CC ?? 'cc'
  if (spawnSync(compiler, ['--version'], { stdio: 'ignore' }).status !== 0)
    return `no C compiler (${compiler}) was found`
  const gyp = nodeGyp()
  if (gyp === undefined) return 'node-gyp was not found beside npm'
  process.stderr.write('building lib/transport/native/src\n')
  const prefix = dirname(dirname(process.execPath))
  const headers = existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
  const args = [gyp, 'rebuild', '-C', sources, ...headers]
  try {
    await promisify(execFile)(process.execPath, args, { timeout: 300_000, maxBuffer: 2 ** 26 })
    return undefined
  } catch ({ stdout, stderr }) {
    const lines = `${stdout}\n${stderr}`.split('\n')
    return lines.find(line => /error[: ]/i.test(line))?.trim() ?? 'node-gyp failed'
  }
}

/** npm contains its own node-gyp. */
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

/** When its sources last changed. */
export function newestSource() {
  const names = readdirSync(sources).filter(name => /\.(c|h|gyp)$/.test(name))
  return Math.max(...names.map(name => mtime(join(sources, name))))
}

function mtime(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
