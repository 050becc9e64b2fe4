import { readFileSync, writeFileSync } from 'node:fs'

/** A run writes its result between these lines of a page. */
function marks(name: string): readonly [string, string] {
  return [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
}

/** Inserts text between a page's marks. Throws if they are missing. */
export function replaceBetween(page: string, name: string, text: string): string {
  const [begin, end] = marks(name)
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

/** The same for a file. */
export function writeBetween(path: string, name: string, text: string): void {
  writeFileSync(path, replaceBetween(readFileSync(path, 'utf8'), name, text))
}
