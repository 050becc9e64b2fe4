import { combineRanges, parse, type Range } from 'range-parser'

export type { Range }

/** More parts than a player or a download asks for; a request for more is answered with the whole. */
const MOST_PARTS = 16

/** What a `range` field asks for. */
export type Wanted =
  | { readonly kind: 'whole' }
  | { readonly kind: 'none' }
  | { readonly kind: 'parts'; readonly parts: readonly Range[] }

/**
 * Reads a `range` field for a representation of `size` bytes. One that cannot be read, or that asks for more than the
 * whole would be, is ignored, as RFC 9110 lets servers do.
 */
export function wantedOf(field: string | undefined, size: number): Wanted {
  if (field === undefined) return { kind: 'whole' }
  const { code, type, ranges } = parse(size, field)
  if (type !== 'bytes' || (code & 1) !== 0) return { kind: 'whole' }
  if (ranges.length === 0) return code === 2 ? { kind: 'none' } : { kind: 'whole' }
  const parts = ranges.length > 1 ? combineRanges(ranges) : ranges
  if (parts.length > MOST_PARTS) return { kind: 'whole' }
  return { kind: 'parts', parts }
}
