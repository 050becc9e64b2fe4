import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')

/** Where the tests are that the page quotes. */
const FOLDERS = ['test/transport/contract', 'test/reliability', 'test/native', 'test/regress']

t.test('every test that the page quotes is there', async t => {
  const sources = FOLDERS.flatMap(folder =>
    readdirSync(join(root, folder))
      .filter(name => name.endsWith('.ts'))
      .map(name => readFileSync(join(root, folder, name), 'utf8')),
  )
  const names = Array.from(page.matchAll(/“([^”]+)”/g), ([, name = '']) => name)
  t.ok(names.length > 20)
  for (const name of names)
    t.ok(
      sources.some(source => source.includes(`'${name}'`)),
      name,
    )
})
