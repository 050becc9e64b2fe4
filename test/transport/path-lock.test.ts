import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { withPathLocked } from '../../lib/transport/path-lock.js'
import { built } from '../paths.js'
import { bareNode } from './bare-node.js'

const skip = process.platform === 'linux' ? false : 'there is no such lock here'
const library = pathToFileURL(built('lib/transport/path-lock.js')).href

t.test('one at a time, for the same path however it is written', { skip }, async t => {
  const folder = t.testdir({ inside: {} })
  let inside = 0
  const paths = ['a', 'inside/../a', './a'].map(name => `${folder}/${name}`)
  await Promise.all(
    [...paths, ...paths].map(path =>
      withPathLocked(path, async () => {
        inside += 1
        t.equal(inside, 1)
        await new Promise(resolve => setImmediate(resolve))
        inside -= 1
      }),
    ),
  )
})

t.test('two paths at a time', { skip }, async t => {
  const folder = t.testdir({})
  await withPathLocked(join(folder, 'a'), () => withPathLocked(join(folder, 'b'), async () => {}))
})

t.test('what fails inside gives it back', { skip }, async t => {
  const path = join(t.testdir({}), 'a')
  for (let tries = 0; tries < 2; tries += 1) {
    await t.rejects(
      withPathLocked(path, async () => {
        throw new Error('no')
      }),
      { message: 'no' },
    )
  }
})

t.test('a process that is killed with it gives it back', { skip }, async t => {
  const path = join(t.testdir({}), 'a')
  const program = `
    import { withPathLocked } from ${JSON.stringify(library)}
    await withPathLocked(${JSON.stringify(path)}, async () => {
      console.log('locked')
      await new Promise(resolve => setTimeout(resolve, 1e9))
    })`
  const child = spawn(...bareNode('--input-type=module', '-e', program), {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  let held = false
  const mine = withPathLocked(path, async () => {
    held = true
  })
  await new Promise(resolve => setTimeout(resolve, 50))
  t.equal(held, false, 'it is waited for')
  child.kill('SIGKILL')
  await mine
  t.equal(held, true)
})

t.test('a folder that is not there is for others to find', async t => {
  t.equal(await withPathLocked('/no/such/folder/a', async () => 5), 5)
})
