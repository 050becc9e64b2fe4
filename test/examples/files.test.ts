import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../paths.js'
import { Authority, certificatesMissing, LOCAL } from '../transport/tls/certificates.js'
import { ExampleProgram } from './program.js'

t.test('a folder is served', async t => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'index.html'), '<h1>here</h1>')
  const program = new ExampleProgram('files', ['--root', folder, '--port', '0'])
  t.teardown(() => program.stop())
  const [, port] = await program.says(
    /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+); try: curl -I http:\/\/127\.0\.0\.1:\1\/\n/,
  )
  const response = await fetch(`http://127.0.0.1:${port}/`)
  t.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  t.equal(await response.text(), '<h1>here</h1>')
  t.equal((await fetch(`http://127.0.0.1:${port}/../package.json`)).status, 404)
})

const missing = certificatesMissing() ?? (spawnSync('curl', ['--version']).status !== 0 && 'no curl')

t.test('what it says to try works over TLS and a Unix socket as well', { skip: missing }, async t => {
  const { certFile, keyFile } = new Authority().issue(...LOCAL)
  const folder = t.testdir({ 'index.html': 'here' })
  for (const address of [
    `tls4://127.0.0.1:0?cert=${certFile}&key=${keyFile}`,
    'tcp6://[::1]:0',
    `unix://${join(tmpdir(), `revio-files-${process.pid}.sock`)}`,
  ]) {
    const program = new ExampleProgram('files', ['--root', folder, address])
    const [, command = ''] = await program.says(/; try: (curl .+)\n/)
    const { stdout, stderr } = spawnSync(`${command} -sS`, { shell: true, encoding: 'utf8' })
    t.match(stdout, /^HTTP\/1\.1 200 OK\r\n/, `${command} ${stderr}`)
    await program.stop()
  }
})

t.test('what is no folder is a mistake', async t => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/examples/files.js'), '--root', 'package.json'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  t.equal(status, 2)
  t.match(stderr, '--root package.json: not a folder')
})
