// Installs what the lock file pins, if it is missing.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './paths.mjs'

/** package.json lists what building and running needs; the workspace .tools adds what linting and testing need. */
const manifests = { build: ['package.json'], test: ['package.json', '.tools/package.json'] }

/** Installs what `purpose`, `build` or `test`, needs. */
export function install(purpose) {
  if (isInstalled(manifests[purpose])) return
  process.stderr.write(`installing what is needed to ${purpose}\n`)
  const npm = process.env.npm_execpath
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund']
  if (purpose === 'build') flags.push('--workspaces=false')
  const { status } = spawnSync(command, [...args, 'ci', ...flags], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}

/** Whether npm's record of installed packages contains every version that the manifests pin. */
function isInstalled(paths) {
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const { packages } = JSON.parse(readFileSync(record, 'utf8'))
  return paths
    .map(path => JSON.parse(readFileSync(join(root, path), 'utf8')))
    .map(({ dependencies, devDependencies }) => ({ ...dependencies, ...devDependencies }))
    .flatMap(Object.entries)
    .every(([name, version]) => packages[`node_modules/${name}`]?.version === version)
}
