import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { root } from './paths.js'

const run = promisify(execFile)

/** npm's own program, run by this Node: on a PATH that holds nothing else there is no compiler to be found. */
const npm = execFileSync('npm', ['root', '-g'], { encoding: 'utf8' }).trim()
const cli = join(npm, 'npm/bin/npm-cli.js')

const program = `
import { serve } from 'revio'
import { simulate } from 'revio/testing'
import net from 'node:net'

const peer = simulate({ data: (id, input) => [input] }).connect()
peer.send('simulated')
let server
await serve(
  {
    serving(running) {
      server = running
      const socket = net.connect(running.addresses[0].port, '127.0.0.1', () => socket.end('echoed'))
      socket.on('data', text => {
        console.log(JSON.stringify({ transport: server.transport, text: String(text), simulated: peer.received }))
        server.shutdown()
      })
    },
    data: (id, input) => [input],
  },
  'tcp4://127.0.0.1:0',
)
`

t.test('the packed package installs and serves with no compiler and no install script', async t => {
  if (!existsSync(cli)) {
    t.pass('npm is not where Node is', { skip: `no ${cli}` })
    return
  }
  const folder = t.testdir()
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  const tarball = await pack(folder)
  const app = join(folder, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "type": "module" }')
  const env = { ...process.env, PATH: bin, NODE_OPTIONS: '', REVIO_NATIVE: '' }
  await run(process.execPath, [cli, 'install', '--ignore-scripts', '--offline', tarball], { cwd: app, env })
  const carried = join(app, 'node_modules/revio/dist')
  t.notOk(existsSync(join(carried, 'examples')), 'examples stay at home')
  t.ok(
    existsSync(join(carried, 'transport/native/src/binding.gyp')),
    'the addon can be built where none is carried for the machine',
  )

  writeFileSync(join(app, 'main.js'), program)
  const native = existsSync(join(root, 'dist/transport/native/revio.node'))
  const portable = { transport: 'net', text: 'echoed', simulated: 'simulated' }
  const answer = async (more: Record<string, string>) => {
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: app, env: { ...env, ...more } })
    return JSON.parse(stdout)
  }
  t.same(await answer({}), { ...portable, transport: native ? 'native' : 'net' }, 'with the addon it carries')
  t.same(await answer({ REVIO_NATIVE: '0' }), portable, 'without it')
})

/** Packs what is built. The addon is put where `npm pack` of a release has it. */
async function pack(folder: string): Promise<string> {
  const args = ['pack', '--ignore-scripts', '--pack-destination', folder]
  await run(process.execPath, [join(root, '.tools/carry.mjs')], { cwd: root })
  await run(process.execPath, [cli, ...args], { cwd: root })
  const name = readdirSync(folder).find(file => file.endsWith('.tgz'))
  return join(folder, name ?? 'no tarball')
}

t.test('nothing is run when it is installed', async t => {
  const { stdout } = await run(process.execPath, ['-p', 'JSON.stringify(require("./package.json"))'], {
    cwd: root,
  })
  const { scripts, dependencies, gypfile } = JSON.parse(stdout)
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) t.notOk(name in scripts, name)
  t.equal(dependencies, undefined, 'no runtime dependency')
  t.equal(gypfile, false, 'npm runs no node-gyp of its own')
  t.notOk(existsSync(join(root, 'binding.gyp')))
})
