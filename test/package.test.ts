import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { parsePage } from './docs/pages.js'
import { root } from './paths.js'

const run = promisify(execFile)

/** npm's own program, run by this Node: on a PATH that holds nothing else there is no compiler to be found. */
const npm = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()
const cli = join(npm, 'npm/bin/npm-cli.js')

const program = `
import { serve } from 'revio'
import { simulate } from 'revio/testing'
import { http } from 'revio/http'
import net from 'node:net'

const peer = simulate({ data: (id, input) => [input] }).connect()
peer.send('simulated')
const client = simulate(http({ request: () => [{ body: 'requested' }] })).connect()
client.send('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
let server
await serve(
  {
    serving(running) {
      server = running
      const socket = net.connect(running.addresses[0].port, '127.0.0.1', () => socket.end('echoed'))
      socket.on('data', text => {
        console.log(JSON.stringify({ transport: server.transport, text: String(text), simulated: peer.received, requested: client.received.slice(-9) }))
        server.shutdown()
      })
    },
    data: (id, input) => [input],
  },
  'tcp4://127.0.0.1:0',
)
`

/** Made once for the tests that look at it. */
let application: ReturnType<typeof install> | undefined

const skip = existsSync(cli) ? false : `npm is not where Node is: no ${cli}`

t.test('the packed package installs and serves with no compiler and no install script', { skip }, async t => {
  const { app, env } = await installed()
  writeFileSync(join(app, 'main.js'), program)
  const native = existsSync(join(root, 'dist/lib/transport/native/revio.node'))
  const portable = { transport: 'net', text: 'echoed', simulated: 'simulated', requested: 'requested' }
  const answer = async (more: Record<string, string>) => {
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: app, env: { ...env, ...more } })
    return JSON.parse(stdout)
  }
  t.same(await answer({}), { ...portable, transport: native ? 'native' : 'net' }, 'with the addon it carries')
  t.same(await answer({ REVIO_NATIVE: '0' }), portable, 'without it')
})

t.test('CommonJS requires it', { skip }, async t => {
  const { app, env } = await installed()
  const script =
    "console.log(...[['revio', 'serve'], ['revio/testing', 'simulate'], ['revio/http', 'http']].map(([from, name]) => typeof require(from)[name]))"
  const args = ['--no-warnings', '--input-type=commonjs', '-e', script]
  const { stdout } = await run(process.execPath, args, { cwd: app, env })
  t.equal(stdout, 'function function function\n')
})

t.test(
  'the package carries what leads to its sources, its documents, and nothing of the clone',
  { skip },
  async t => {
    const { folder } = await installed()
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    for (const map of files.filter(name => name.endsWith('.map'))) {
      const { sources } = JSON.parse(readFileSync(join(folder, map), 'utf8'))
      for (const source of sources) t.ok(files.includes(join(dirname(map), source)), `${map}: ${source}`)
    }
    const unmapped = files.filter(name => name.endsWith('.js') && !files.includes(`${name}.map`))
    t.strictSame(unmapped, [])
    t.ok(
      files.includes('lib/transport/native/src/binding.gyp'),
      'the addon can be built where none is carried',
    )
    const { links } = parsePage('README.md', readFileSync(join(folder, 'README.md'), 'utf8'))
    const paths = links
      .map(({ target }) => target.replace(/#.*/, ''))
      .filter(path => !/^$|^https?:/.test(path))
    t.ok(paths.length > 5)
    for (const path of paths) t.ok(files.includes(path), `README.md leads to ${path}`)
    const foreign = files.filter(name =>
      /tsconfig|tsbuildinfo|\.test\.|(^|\/)(examples|benchmarks|test|build)\//.test(name),
    )
    t.strictSame(
      foreign.filter(name => !name.startsWith('docs/')),
      [],
    )
  },
)

/** The package, packed and installed into a new application, with a PATH that holds nothing but Node. */
function installed(): ReturnType<typeof install> {
  application ??= install()
  return application
}

async function install(): Promise<{ app: string; folder: string; env: NodeJS.ProcessEnv }> {
  const place = t.testdir({ bin: {}, app: { 'package.json': '{ "type": "module" }' } })
  const app = join(place, 'app')
  symlinkSync(process.execPath, join(place, 'bin/node'))
  const env = { ...process.env, PATH: join(place, 'bin'), NODE_OPTIONS: '', REVIO_NATIVE: '' }
  const args = [cli, 'install', '--ignore-scripts', '--engine-strict', '--prefer-offline', await pack(place)]
  await run(process.execPath, args, { cwd: app, env })
  return { app, folder: join(app, 'node_modules/revio'), env }
}

/** Packs what is built. The addon is put where `npm pack` of a release has it. */
async function pack(folder: string): Promise<string> {
  const args = ['pack', '--ignore-scripts', '--pack-destination', folder]
  await run(process.execPath, [join(root, '.tools/carry.mjs')], { cwd: root })
  await run(process.execPath, [cli, ...args], { cwd: root })
  const name = readdirSync(folder).find(file => file.endsWith('.tgz'))
  return join(folder, name ?? 'no tarball')
}

t.test('nothing is run when it is installed', async t => {
  const { scripts, dependencies, gypfile } = manifest()
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) t.notOk(name in scripts, name)
  t.strictSame(Object.keys(dependencies), ['lru-cache', 'mrmime', 'undici'], 'for revio/http')
  for (const version of Object.values(dependencies)) t.match(version, /^\d+\.\d+\.\d+$/, 'exactly one')
  t.equal(gypfile, false, 'npm runs no node-gyp of its own')
  t.notOk(existsSync(join(root, 'binding.gyp')))
})

t.test('it says where it is at home, and which Node it needs', async t => {
  const { repository, homepage, bugs, author, engines } = manifest()
  for (const url of [repository.url, homepage, bugs]) t.match(url, /^(git\+)?https:\/\//)
  t.type(author, 'string')
  t.equal(engines.node, '^20.19.0 || >=22.12.0', 'those in which CommonJS may require an ES module')
})

function manifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}
