/** A part of a representation: its first byte and its last. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** More parts than a player or a download asks for; a request for more is answered with the whole. */
const MOST_PARTS = 16

/** What a `range` field asks for. */
export type Wanted =
  | { readonly kind: 'whole' }
  | { readonly kind: 'none' }
  | { readonly kind: 'parts'; readonly parts: readonly Range[] }

const WHOLE: Wanted = { kind: 'whole' }

/**
 * Reads a `range` field for a representation of `size` bytes. One that is malformed, counts in anything but bytes, or asks
 * for many parts is ignored, as RFC 9110 lets servers do; parts that overlap or touch are joined.
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

/** Empty, with the end before the start, where it lies beyond the representation; undefined where it is malformed. */
function rangeOf(text: string, size: number): Range | undefined {
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(text) ?? []
  if (first === '') {
    return last === '' ? undefined : { start: Math.max(0, size - Number(last)), end: size - 1 }
  }
  if (last === '') return { start: Number(first), end: size - 1 }
  if (Number(first) > Number(last)) return undefined
  return { start: Number(first), end: Math.min(Number(last), size - 1) }
}

/** Joins ranges that overlap or touch; each stands where the first of those that it is made of stood. */
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
