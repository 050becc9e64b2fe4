import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { built, root } from '../paths.js'
import { bareNode } from '../transport/bare-node.js'
import { onBoth } from '../transport/on-both.js'

const library = pathToFileURL(built('lib/index.js')).href

/** A server that gets a peer, loses what it needs to remove its path, and is shut down; prints how that went. */
const program = `
  import * as net from 'node:net'
  import { serve } from ${JSON.stringify(library)}
  const [address, path, loss] = process.argv.slice(1)
  const told = []
  process.on('warning', warning => {
    if (warning.name !== 'ExperimentalWarning') told.push(String(warning.message))
  })
  process.on('uncaughtException', error => told.push('uncaught ' + error.stack))
  let running
  await serve({
    serving(server) {
      running = server
      net.connect(path).on('error', () => {}).unref()
    },
    opened() {
      if (loss === 'user') process.setuid(65534)
      setTimeout(() => running.shutdown(), 1)
    },
    closed: (id, error) => void told.push('closed ' + error),
  }, address)
  setImmediate(() => console.log(JSON.stringify(told)))`

function run(t: { teardown(run: () => void): void }, transport: string, loss: string, ...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  chmodSync(folder, 0o755)
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'socket')
  const address = `unix${transport === 'net' ? '-net' : ''}://${path}`
  const { stdout, stderr } = spawnSync(
    ...bareNode(...flags, '--input-type=module', '-e', program, address, path, loss),
    { cwd: root, encoding: 'utf8', timeout: 20_000 },
  )
  return { told: stdout === '' ? stderr : (JSON.parse(stdout) as string[]), left: existsSync(path), path }
}

await onBoth(t, 'after setuid', async (t, transport) => {
  if (process.getuid?.() !== 0) return void t.pass('setuid', { skip: 'only root can' })
  const { told, left, path } = run(t, transport, 'user')
  t.equal(told[0], 'closed undefined')
  t.match(
    told[1],
    transport === 'net' ? /^socket path .*: it could not be removed/ : /^socket path .*: EACCES/,
  )
  t.ok(told[1]?.includes(path), 'the warning names the path')
  t.equal(told.length, 2)
  t.ok(left)
})
await onBoth(t, 'where the permission model forbids to look', async (t, transport) => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission'
  const { told, path } = run(t, transport, '', flag, `--allow-fs-read=${join(root, 'dist')}/*`)
  t.ok(Array.isArray(told), String(told))
  t.strictSame(told, [`socket path ${path}: Access to this API has been restricted`, 'closed undefined'])
})
