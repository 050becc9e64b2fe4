import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../paths.js'
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
