import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { root } from '../../paths.js'

const prefix = dirname(dirname(process.execPath))
const headers = [join(prefix, 'include/node'), '/usr/include/node'].find(folder =>
  existsSync(join(folder, 'uv.h')),
)
const sources = join(root, 'lib/transport/native/src')
const harness = join(root, 'test/transport/native/fixtures/group-harness.c')

t.test('what loops share is touched by one thread at a time, and no descriptor is lost', async t => {
  const program = join(t.testdir({}), 'harness')
  if (headers === undefined) return void t.pass('compiled', { skip: "Node's headers are not here" })
  const flags = ['-g', '-O1', '-fsanitize=thread', '-std=gnu11', `-I${headers}`, `-I${sources}`]
  const compiled = spawnSync('cc', [...flags, join(sources, 'group.c'), harness, '-o', program, '-lpthread'])
  if (compiled.status !== 0) return void t.pass('compiled', { skip: 'no compiler with ThreadSanitizer' })
  for (const policy of ['0', '1', '2']) {
    const { status, stdout, stderr } = spawnSync(program, [policy], { encoding: 'utf8', timeout: 120_000 })
    t.equal(status, 0, `policy ${policy}: ${stdout}${stderr}`)
    t.equal(stderr, '')
  }
})
