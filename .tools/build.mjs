// Builds what is out of date: TypeScript into dist/, and the addon if there is a compiler. As a program it builds what
// needs no more than the compiler; with --afresh only the library, from nothing.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildAddon } from './addon.mjs'
import { install } from './install.mjs'
import { root } from './paths.mjs'

/** Builds one of the compiler's projects, by its folder, with its references; or all of them. */
export async function build(project = '.') {
  const addon = buildAddon()
  await run('node_modules/typescript/bin/tsc', '-b', project)
  await addon
}

/** Runs an installed program; if it fails, so does this one. */
export async function run(program, ...args) {
  const child = spawn(process.execPath, [join(root, program), ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  const [status] = await once(child, 'close')
  if (status !== 0) process.exit(status ?? 1)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // Output of a deleted source must not be packed.
  const afresh = process.argv.includes('--afresh')
  if (afresh) rmSync(join(root, 'dist/lib'), { recursive: true, force: true })
  install('build')
  for (const project of afresh ? ['lib'] : ['lib', 'examples', 'benchmarks']) await build(project)
}
