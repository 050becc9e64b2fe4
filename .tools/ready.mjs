// Makes everything ready, then runs a built program with the arguments that follow: ready.mjs dist/examples/echo.js …
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { install } from './install.mjs'

install()
build()

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [, , program = '', ...args] = process.argv
const path = join(root, program)
process.argv = [process.execPath, path, ...args]
await import(pathToFileURL(path).href)
