// Bundles tap for the compiled tests. It has about a hundred modules, and loading them one by one would take each test
// file longer than most of them run.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { root } from './paths.mjs'

/** The folder of the bundle, relative to the root. */
export const BUNDLE = 'dist/node_modules/tap'

/** Puts the bundle where `dist/test/` finds it before the package. */
export function bundleTap() {
  const source = join(root, 'node_modules/tap')
  const place = join(root, BUNDLE)
  const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  if (bundled(place) === version) return
  const require =
    "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);"
  buildSync({
    entryPoints: [join(source, 'dist/esm/index.js')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: require },
    outfile: join(place, 'index.js'),
    logLevel: 'error',
  })
  writeFileSync(
    join(place, 'package.json'),
    JSON.stringify({ name: 'tap', version, type: 'module', exports: './index.js' }),
  )
}

/** The version of the existing bundle; undefined if there is none. */
function bundled(place) {
  try {
    return JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')).version
  } catch {
    return undefined
  }
}
