// Places the addons in the package. prebuild.mjs writes its addons where they are packed from; for this platform, if
// that one is missing, this copies the locally built one.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { prebuilt } from '../dist/lib/transport/native/load.js'
import { newestSource } from './addon.mjs'
import { root } from './paths.mjs'

const prebuilds = join(root, 'dist/prebuilds')
const built = join(root, 'dist/lib/transport/native/revio.node')

for (const path of carried()) {
  if (statSync(join(prebuilds, path)).mtimeMs > newestSource()) continue
  process.stderr.write(`${path} is older than its sources: left out\n`)
  rmSync(join(prebuilds, path))
}
const own = join(prebuilds, prebuilt())
if (existsSync(built) && !existsSync(own)) {
  mkdirSync(dirname(own), { recursive: true })
  copyFileSync(built, own)
}
for (const path of carried()) process.stderr.write(`the package carries ${path}\n`)

function carried() {
  if (!existsSync(prebuilds)) return []
  return readdirSync(prebuilds, { recursive: true }).filter(name => name.endsWith('.node'))
}
