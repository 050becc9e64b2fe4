// Builds what is out of date: TypeScript into dist/, and the addon where a compiler is.
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
  // What was built from a file that is gone would be packed.
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  install('build')
  build('lib')
}
