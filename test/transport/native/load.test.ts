import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { root } from '../../paths.js'
import { addonFile, skip } from './harness.js'

const place = 'dist/lib/transport/native'
const libc = readFileSync(process.execPath).subarray(0, 4096).includes('/ld-musl-') ? 'musl' : 'glibc'
const prebuilt = `dist/prebuilds/${process.platform}-${process.arch}/revio.${process.platform === 'linux' ? `${libc}.` : ''}node`

interface Tree {
  /** Files by path, beside those of the loader; what is `addon` is a copy of the real one. */
  [path: string]: string
}

/** The loader where the package has it, with other files around it; answers the folder of them all. */
function lay(t: Test, tree: Tree): string {
  const folder = t.testdir({
    'package.json': '{"type":"module"}',
    dist: { lib: { transport: { native: {} } } },
  })
  const library = [
    'errors',
    'show',
    'transport/native/addon',
    'transport/native/load',
    'transport/native/platform',
  ]
  for (const name of library.map(file => `dist/lib/${file}.js`))
    copyFileSync(join(root, name), join(folder, name))
  for (const [path, content] of Object.entries(tree)) {
    const file = join(folder, path)
    mkdirSync(join(file, '..'), { recursive: true })
    if (content === 'addon') copyFileSync(addonFile ?? '', file)
    else writeFileSync(file, content)
  }
  return folder
}

/** What the loader answers, or throws, in a process of its own. */
function load(folder: string, { wish, before = '' }: { wish?: string; before?: string } = {}) {
  const program = `${before}
    const { loadNative } = await import(${JSON.stringify(pathToFileURL(join(folder, place, 'load.js')))})
    const shown = error => error && { code: error.code, message: error.message, cause: error.cause?.message }
    try {
      const { addon, error } = loadNative()
      console.log(JSON.stringify({ loaded: typeof addon?.Poller === 'function', error: shown(error) }))
    } catch (thrown) {
      console.log(JSON.stringify({ thrown: shown(thrown) }))
    }`
  const { REVIO_NATIVE: _, NODE_OPTIONS: __, ...env } = process.env
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: wish === undefined ? env : { ...env, REVIO_NATIVE: wish },
    encoding: 'utf8',
  })
  if (stderr !== '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const places = [`${place}/revio.node`, 'lib/transport/native/src/build/Release/revio.node', prebuilt]

for (const place of places) {
  await t.test(`the addon is found as ${place}`, { skip }, async t => {
    t.strictSame(load(lay(t, { [place]: 'addon' })), { loaded: true })
    t.strictSame(load(lay(t, { [place]: 'addon' }), { wish: '1' }), { loaded: true })
    t.strictSame(load(lay(t, { [place]: 'addon' }), { wish: '' }), { loaded: true })
  })
}

await t.test('one that was built here goes before one that was brought along', { skip }, async t => {
  const folder = lay(t, { [places[1] ?? '']: 'addon', [prebuilt]: 'no addon' })
  t.strictSame(load(folder), { loaded: true })
})

await t.test('the next one is taken where one cannot be loaded', { skip }, async t => {
  const folder = lay(t, { [places[1] ?? '']: 'no addon', [prebuilt]: 'addon' })
  t.strictSame(load(folder), { loaded: true })
})

await t.test('where there is none, the error says for which system and where it was looked for', async t => {
  const folder = lay(t, {})
  const message = new RegExp(`^no addon for ${process.platform}-${process.arch}.*; looked for .*prebuilds`)
  t.match(load(folder), { loaded: false, error: { code: 'ERR_NATIVE', message } })
  t.match(load(folder, { wish: '1' }), {
    thrown: { code: 'ERR_NATIVE', message: /^REVIO_NATIVE=1, but no addon/ },
  })
})

await t.test("what cannot be loaded is an error with the loader's own words", async t => {
  const folder = lay(t, { [prebuilt]: 'no addon' })
  const { error } = load(folder)
  let words = ''
  try {
    createRequire(import.meta.url)(join(folder, prebuilt))
  } catch (thrown) {
    words = (thrown as Error).message
  }
  t.match(words, /revio/)
  t.strictSame(error, { code: 'ERR_NATIVE', message: `the addon cannot be loaded: ${words}`, cause: words })
  t.strictSame(load(folder, { wish: '1' }).thrown.message, `REVIO_NATIVE=1, but ${error.message}`)
})

await t.test('REVIO_NATIVE may be the path of the file', { skip }, async t => {
  const folder = lay(t, { [prebuilt]: 'no addon', 'elsewhere/renamed': 'addon', broken: 'no addon' })
  const elsewhere = join(folder, 'elsewhere/renamed')
  t.strictSame(load(folder, { wish: elsewhere }), { loaded: true })
  t.strictSame(load(folder, { wish: relative(process.cwd(), elsewhere) }), { loaded: true })
  t.match(load(folder, { wish: `${elsewhere}~` }), {
    loaded: false,
    error: { code: 'ERR_NATIVE', message: `REVIO_NATIVE=${elsewhere}~: no such file` },
  })
  t.match(load(folder, { wish: join(folder, 'broken') }), {
    loaded: false,
    error: { message: /^the addon cannot be loaded: .*broken/ },
  })
})

await t.test(
  'where the C library cannot be told, that is the reason',
  { skip: process.platform !== 'linux' },
  async t => {
    const before = `process.report.getReport = () => { throw new Error('no report') }`
    const folder = lay(t, {})
    t.match(load(folder, { before }), { loaded: false, error: { message: /cannot be loaded: no report/ } })
  },
)

await t.test('one that was built here is found without asking for the C library', { skip }, async t => {
  const before = `process.report.getReport = () => { throw new Error('no report') }`
  t.strictSame(load(lay(t, { [places[0] ?? '']: 'addon' }), { before }), { loaded: true })
})

await t.test('where it may not even be looked for, that is the reason', async t => {
  const folder = lay(t, {})
  const before = `
    const { default: fs } = await import('node:fs')
    const { syncBuiltinESMExports } = await import('node:module')
    fs.existsSync = path => { throw Object.assign(new Error('restricted'), { resource: path }) }
    syncBuiltinESMExports()`
  t.match(load(folder, { before }), {
    loaded: false,
    error: {
      message: `the addon cannot be loaded: restricted: ${join(folder, place, 'revio.node')}`,
    },
  })
})

await t.test('REVIO_NATIVE=0 leaves it alone; what is neither 0 nor 1 is an error', async t => {
  const folder = lay(t, { [prebuilt]: 'no addon' })
  const message = 'REVIO_NATIVE=0 asks for the portable transport'
  t.strictSame(load(folder, { wish: '0' }), { loaded: false, error: { code: 'ERR_NATIVE', message } })
  t.match(load(folder, { wish: 'yes' }), {
    thrown: { code: 'ERR_NATIVE', message: /^REVIO_NATIVE=yes: expected 0 .* 1 / },
  })
})

const others: [string, string][] = [
  ['Bun', "Object.defineProperty(process.versions, 'bun', { value: '1.2.3' })"],
  ['Deno', "Object.defineProperty(process.versions, 'deno', { value: '2.3.4' })"],
  ['Windows', "Object.defineProperty(process, 'platform', { value: 'win32' })"],
]

for (const [name, before] of others) {
  await t.test(`on ${name} it is not even tried`, async t => {
    const tree = Object.fromEntries(places.map(place => [place, 'no addon']))
    t.match(load(lay(t, tree), { before }), {
      loaded: false,
      error: { message: `the addon does not run on ${name}` },
    })
  })
}
