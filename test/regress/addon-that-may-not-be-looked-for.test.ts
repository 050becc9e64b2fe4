import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { built, root } from '../paths.js'
import { bareNode } from '../transport/bare-node.js'
import { nativeMissing } from '../transport/native/missing.js'

const skip = nativeMissing() ?? false

/** Prints what plain addresses run on, behind what is to happen first. */
const program = (before: string) => `
  ${before}
  const { serve } = await import(${JSON.stringify(pathToFileURL(built('lib/index.js')).href)})
  await serve({
    serving(server) {
      console.log(JSON.stringify([server.transport, server.transportError?.message]))
      server.shutdown()
    },
  }, 'tcp4://127.0.0.1:0')`

function run(command: string, args: string[]): [string, string | undefined] {
  const { stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', timeout: 60_000 })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout)
}

const flag = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'

function restricted(...flags: string[]) {
  return run(...bareNode(flag, ...flags, '--no-warnings', '--input-type=module', '-e', program('')))
}

const dist = `--allow-fs-read=${join(root, 'dist')}/*`

t.test('where the permission model forbids addons, the loader says so', { skip }, async t => {
  const [transport, reason] = restricted(dist)
  t.equal(transport, 'net')
  t.match(reason, /^the addon cannot be loaded: .*addons? is disabled/i)
})

t.test('where it allows them and the folder, there is one', { skip }, async t => {
  t.strictSame(restricted(dist, '--allow-addons'), ['native', null])
})

t.test('node may have been renamed while it runs', { skip }, async t => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'revio-')))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const node = join(folder, 'node')
  copyFileSync(process.execPath, node)
  const before = `
    const { renameSync } = await import('node:fs')
    renameSync(process.execPath, process.execPath + '.old')`
  const args = ['-u', 'NODE_OPTIONS', node, '--input-type=module', '-e', program(before)]
  t.strictSame(run('env', args), ['native', null])
})
