// What the package carries beside the built TypeScript: the addon that was built, under the name of this platform and
// C library, and its sources, so that it can be built where there is none for the machine.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prebuilt } from '../dist/transport/native/load.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const sources = join(root, 'lib/transport/native/src')
const built = join(root, 'dist/transport/native')
const carried = join(built, 'src')
const addon = join(built, 'revio.node')
const place = join(root, 'dist/prebuilds', prebuilt())

mkdirSync(carried, { recursive: true })
for (const name of readdirSync(sources)) {
  if (/\.(c|h|gyp)$/.test(name)) copyFileSync(join(sources, name), join(carried, name))
}
if (existsSync(addon)) {
  mkdirSync(dirname(place), { recursive: true })
  copyFileSync(addon, place)
  process.stderr.write(`the package carries ${prebuilt()}\n`)
}
