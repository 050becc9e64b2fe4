// Builds what is out of date: TypeScript into dist/, and the addon where a compiler is. As a program it builds what needs
// no more than the compiler; with --afresh the library alone, from nothing.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildAddon } from './addon.mjs'
import { install } from './install.mjs'
import { root } from './paths.mjs'

/** Builds one of the compiler's projects, by its folder, with those that it refers to; or all of them. */
export function build(project = '.') {
  buildAddon()
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-b', project], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(status ?? 1)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // What was built from a source that is gone must not be packed.
  const afresh = process.argv.includes('--afresh')
  if (afresh) rmSync(join(root, 'dist/lib'), { recursive: true, force: true })
  install('build')
  for (const project of afresh ? ['lib'] : ['lib', 'examples', 'benchmarks']) build(project)
}
