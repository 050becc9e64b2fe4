// Installs and builds what is missing, then runs a built program with the remaining arguments: ready.mjs
// dist/examples/echo.js …
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { install } from './install.mjs'
import { root } from './paths.mjs'

const [, , program = '', ...args] = process.argv
const [, project] = program.split('/')

install(project === 'test' ? 'test' : 'build')
await build(project)

const path = join(root, program)
process.argv = [process.execPath, path, ...args]
await import(pathToFileURL(path).href)
