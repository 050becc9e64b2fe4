import { readFileSync, writeFileSync } from 'node:fs'

/** Between these lines of a page a run writes its result. */
function marks(name: string): readonly [string, string] {
  return [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
}

/** Puts a text between a page's marks. Throws where they are not there. */
export function replaceBetween(page: string, name: string, text: string): string {
  const [begin, end] = marks(name)
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

/** The same to a file. */
export function writeBetween(path: string, name: string, text: string): void {
  writeFileSync(path, replaceBetween(readFileSync(path, 'utf8'), name, text))
}
