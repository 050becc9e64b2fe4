import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../paths.js'

const page = readFileSync(join(root, 'docs/reliability.md'), 'utf8')

t.test('every test that the page quotes is there', async t => {
  const sources = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => readFileSync(join(root, 'test', name), 'utf8'))
  const names = Array.from(page.matchAll(/“([^”]+)”/g), ([, name = '']) => name)
  t.ok(names.length > 20)
  for (const name of names)
    t.ok(
      sources.some(source => source.includes(`'${name}'`)),
      name,
    )
})

t.test('every known fault names tests of the files that it links to, or says why there is none', async t => {
  const [, section = ''] = /<!-- faults:begin -->([\s\S]*)<!-- faults:end -->/.exec(page) ?? []
  const cells = Array.from(section.matchAll(/^\| (?!---|elsewhere).* \| (.*) \|$/gm), ([, cell = '']) => cell)
  t.ok(cells.length > 50, `${cells.length} faults`)
  for (const cell of cells) {
    const files = Array.from(cell.matchAll(/\]\(\.\.\/([^)]+)\)([^[]+)/g))
    t.ok(files.length > 0 || cell === '—', cell)
    for (const [, path = '', quotes = ''] of files) {
      const source = readFileSync(join(root, path), 'utf8')
      const names = Array.from(quotes.matchAll(/“([^”]+)”/g), ([, name = '']) => name)
      t.ok(names.length > 0, path)
      for (const name of names) t.ok(source.includes(`'${name}'`), `${path}: ${name}`)
    }
  }
})
