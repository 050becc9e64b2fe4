import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')

t.test('every rule that the page quotes is one of the suite', async t => {
  const cells = page.matchAll(/`(\w+)` ((?:“[^”]+”(?:, )?)+)/g)
  let quoted = 0
  for (const [, section = '', list = ''] of cells) {
    const path = join(root, `test/transport/contract/${section}.ts`)
    t.ok(existsSync(path), `test/transport/contract/${section}.ts`)
    const source = readFileSync(path, 'utf8')
    for (const [, rule = ''] of list.matchAll(/“([^”]+)”/g)) {
      t.ok(source.includes(`'${rule}':`), `${section}: ${rule}`)
      quoted++
    }
  }
  t.ok(quoted > 20)
  t.equal(quoted, [...page.matchAll(/“/g)].length, 'nothing else is quoted')
})
