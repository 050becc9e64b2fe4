import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { loadNative, prebuilt } from '../../lib/transport/native/load.js'
import { built, root } from '../paths.js'
import { bareNode } from '../transport/bare-node.js'
import { addonFile } from '../transport/native/harness.js'

const missing = loadNative().error?.message ?? false

/** Echoes to itself once, and prints what it runs on. */
const program = `
import * as net from 'node:net'
import { serve } from ${JSON.stringify(built('lib/index.js'))}

serve({
  serving({ addresses, transport, transportError }) {
    const peer = net.connect(addresses[0].port, '127.0.0.1')
    peer.once('data', bytes => {
      console.log(JSON.stringify({ transport, reason: transportError?.message, echo: String(bytes) }))
      peer.end()
    })
    peer.write('hello')
  },
  data: (id, input) => [input, 3],
}, 'tcp4://127.0.0.1:0')
`

function folderFor(t: Test): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'revio-')))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

function run(command: string, args: string[], env: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  const { status, stdout, stderr } = spawnSync(command, args, {
    env: { PATH, ...env },
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout}`)
  return stdout
}

function bundle(folder: string, format: 'esm' | 'cjs'): string {
  const source = join(folder, 'program.mjs')
  writeFileSync(source, program)
  const file = join(folder, 'bundle', format === 'esm' ? 'server.mjs' : 'server.cjs')
  run(join(root, 'node_modules/.bin/esbuild'), [
    source,
    ...['--bundle', '--platform=node', `--format=${format}`, `--outfile=${file}`, '--log-level=error'],
  ])
  return file
}

function serves(command: string, args: string[], env?: Record<string, string>) {
  return JSON.parse(run(command, args, env))
}

const native = { transport: 'native', echo: 'hello' }

for (const format of ['esm', 'cjs'] as const) {
  await t.test(`a bundle in ${format}`, async t => {
    const file = bundle(folderFor(t), format)
    const [command, args] = bareNode(file)

    await t.test('serves without the addon, and says why', async t => {
      const { reason, ...rest } = serves(command, args)
      t.strictSame(rest, { transport: 'net', echo: 'hello' })
      const beside = join(dirname(file), 'revio.node')
      t.ok(reason.startsWith(`${pathToFileURL(file)} is a bundle without an addon beside it`), reason)
      t.ok(reason.includes(`looked for ${beside} and `), reason)
    })

    await t.test('takes the addon that a variable names', { skip: missing }, async t => {
      t.strictSame(serves(command, args, { REVIO_NATIVE: addonFile ?? '' }), native)
    })

    await t.test('takes the one in prebuilds beside it', { skip: missing }, async t => {
      const carried = join(dirname(file), 'prebuilds', prebuilt())
      mkdirSync(dirname(carried), { recursive: true })
      copyFileSync(addonFile ?? '', carried)
      t.strictSame(serves(command, args), native)
      rmSync(carried)
    })

    await t.test('takes the one beside it', { skip: missing }, async t => {
      copyFileSync(addonFile ?? '', join(dirname(file), 'revio.node'))
      t.strictSame(serves(command, args), native)
    })
  })
}

await t.test('a single executable', async t => {
  const folder = folderFor(t)
  const executable = join(folder, 'server')
  const blob = join(folder, 'blob')
  const config = join(folder, 'sea.json')
  writeFileSync(
    config,
    JSON.stringify({ main: bundle(folder, 'cjs'), output: blob, disableExperimentalSEAWarning: true }),
  )
  run(...bareNode('--experimental-sea-config', config))
  copyFileSync(process.execPath, executable)
  run(join(root, 'node_modules/.bin/postject'), [
    ...[executable, 'NODE_SEA_BLOB', blob],
    ...['--sentinel-fuse', 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'],
  ])

  await t.test('serves without the addon, and says why', async t => {
    const { reason, ...rest } = serves(executable, [])
    t.strictSame(rest, { transport: 'net', echo: 'hello' })
    t.ok(reason.includes('is a bundle without an addon beside it'), reason)
    t.ok(reason.includes(join(folder, 'revio.node')), reason)
  })

  await t.test('takes the addon beside it', { skip: missing }, async t => {
    copyFileSync(addonFile ?? '', join(folder, 'revio.node'))
    t.strictSame(serves(executable, []), native)
  })
})
