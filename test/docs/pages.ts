import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { root } from '../paths.js'

/** A TypeScript block in a page. */
export interface Sample {
  readonly page: string
  /** The line number of the block's first line. */
  readonly line: number
  readonly code: string
  /** The comment above it, without `sample:`; empty if there is none. */
  readonly note: string
}

export interface Link {
  readonly line: number
  readonly target: string
}

/** A parsed page of the documents. */
export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly text: string
  readonly samples: readonly Sample[]
  readonly links: readonly Link[]
  /** The anchors that links may refer to. */
  readonly anchors: ReadonlySet<string>
}

const NOTE = '<!-- sample:'

/** README.md and all pages in docs/. */
export function readPages(): readonly Page[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  return ['README.md', ...docs.filter(name => name.endsWith('.md')).map(name => join('docs', name))]
    .sort()
    .map(path => parsePage(path, readFileSync(join(root, path), 'utf8')))
}

export function parsePage(path: string, text: string): Page {
  const samples: Sample[] = []
  const links: Link[] = []
  const anchors = new Set<string>()
  const lines = text.split('\n')
  let note = ''
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const fence = /^\s*(```+)(\w*)/.exec(line)
    if (fence !== null) {
      const end = lines.findIndex((other, index) => index > at && other.trim() === fence[1])
      if (end < 0) throw new Error(`${path}:${at + 1}: the block does not end`)
      const code = lines.slice(at + 1, end).join('\n')
      if (fence[2] === 'ts') samples.push({ page: path, line: at + 2, code, note })
      note = ''
      at = end
    } else if (line.startsWith(NOTE)) {
      const end = lines.findIndex((other, index) => index >= at && other.includes('-->'))
      const whole = lines.slice(at, end + 1).join('\n')
      note = whole.slice(NOTE.length, whole.indexOf('-->')).trim()
      at = end
    } else {
      for (const [, target = ''] of line.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g))
        links.push({ line: at + 1, target })
      const heading = /^#+\s+(.*)$/.exec(line)?.[1]
      if (heading !== undefined) anchors.add(freeAnchor(anchorOf(heading), anchors))
      if (line.trim() !== '') note = ''
    }
  }
  return { path, text, samples, links, anchors }
}

/** The anchor of a heading: lower case, no punctuation, hyphens for spaces. */
function anchorOf(heading: string): string {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return plain
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')
}

function freeAnchor(anchor: string, taken: ReadonlySet<string>): string {
  let free = anchor
  for (let count = 1; taken.has(free); count++) free = `${anchor}-${count}`
  return free
}

/** Relative links with missing targets, as `page:line: target`. */
export function brokenLinks(pages: readonly Page[]): readonly string[] {
  const anchorsOf = new Map(pages.map(({ path, anchors }) => [path, anchors]))
  return pages.flatMap(({ path, links }) =>
    links
      .filter(({ target }) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, target, anchorsOf))
      .map(({ line, target }) => `${path}:${line}: ${target}`),
  )
}

function leadsSomewhere(
  page: string,
  target: string,
  anchorsOf: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const [file = '', anchor] = target.split('#')
  const path = file === '' ? page : relative(root, resolve(root, dirname(page), file))
  if (path.startsWith('..') || !existsSync(join(root, path))) return false
  if (anchor === undefined) return true
  return statSync(join(root, path)).isFile() && anchorsOf.get(path)?.has(anchor) === true
}
