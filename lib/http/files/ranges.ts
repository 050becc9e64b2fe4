/** A part of a representation: its first and last byte. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** More parts than a player or a download requests. A request for more gets the whole file. */
const MOST_PARTS = 16

/** What a `range` field requests. */
export type Wanted =
  | { readonly kind: 'whole' }
  | { readonly kind: 'none' }
  | { readonly kind: 'parts'; readonly parts: readonly Range[] }

const WHOLE: Wanted = { kind: 'whole' }

/**
 * Parses a `range` field for a representation of `size` bytes. Ignores a field that is malformed, has another unit
 * than bytes, or requests many parts, as RFC 9110 permits. Merges parts that overlap or touch.
 */
export function wantedOf(field: string | undefined, size: number): Wanted {
  const [, list] = /^bytes=(.*)$/i.exec(field ?? '') ?? []
  if (list === undefined) return WHOLE
  const parts: Range[] = []
  let asked = 0
  for (const item of list.split(',')) {
    const text = item.replace(/^[ \t]+|[ \t]+$/g, '')
    // A list may have empty items.
    if (text === '') continue
    const range = rangeOf(text, size)
    if (range === undefined) return WHOLE
    asked++
    if (range.start <= range.end) parts.push(range)
  }
  if (asked === 0) return WHOLE
  if (parts.length === 0) return { kind: 'none' }
  const joined = join(parts)
  return joined.length > MOST_PARTS ? WHOLE : { kind: 'parts', parts: joined }
}

/**
 * Returns an empty range, with its end before its start, if it is beyond the representation; undefined if it is
 * malformed.
 */
function rangeOf(text: string, size: number): Range | undefined {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(text) ?? []
  if (first === '') {
    return last === '' ? undefined : { start: Math.max(0, size - Number(last)), end: size - 1 }
  }
  if (last === '') return { start: Number(first), end: size - 1 }
  if (Number(first) > Number(last)) return undefined
  return { start: Number(first), end: Math.min(Number(last), size - 1) }
}

/** Merges ranges that overlap or touch; each result takes the position of its first part. */
function join(parts: readonly Range[]): readonly Range[] {
  const joined: { start: number; end: number; index: number }[] = []
  const ordered = parts.map((part, index) => ({ ...part, index })).sort((a, b) => a.start - b.start)
  for (const part of ordered) {
    const before = joined.at(-1)
    if (before === undefined || part.start > before.end + 1) joined.push(part)
    else {
      before.end = Math.max(before.end, part.end)
      before.index = Math.min(before.index, part.index)
    }
  }
  return joined.sort((a, b) => a.index - b.index)
}
