/**
 * A hash table of up to a thousand entries in one block of memory at `view[at…]`: open addressing, linear probing. It
 * starts with the number of slots, the number of hash bits that lead to it, and the number of used slots.
 */
export const HEAD = 8

/** The hash, and the entry's reference, which is 0 in a free slot. */
export const SLOT = 8

/** The smallest and the largest segment; sizes double, and an arena has blocks of exactly these sizes. */
export const SMALLEST = 72
export const LARGEST = 9216

export function create(view: DataView, at: number, size: number, depth: number): void {
  view.setUint16(at, (size - HEAD) / SLOT, true)
  view.setUint16(at + 2, depth, true)
  view.setInt32(at + 4, 0, true)
  for (let slot = at + HEAD; slot < at + size; slot += SLOT) view.setInt32(slot + 4, 0, true)
}

export function sizeOf(view: DataView, at: number): number {
  return HEAD + view.getUint16(at, true) * SLOT
}

export function depthOf(view: DataView, at: number): number {
  return view.getUint16(at + 2, true)
}

export function countOf(view: DataView, at: number): number {
  return view.getInt32(at + 4, true)
}

/** Above seven eighths, searches become long. */
export function isFull(view: DataView, at: number): boolean {
  const slots = view.getUint16(at, true)
  return countOf(view, at) >= slots - (slots >>> 3)
}

export function isSparse(view: DataView, at: number): boolean {
  return countOf(view, at) < view.getUint16(at, true) >>> 3
}

/** Where the search for a hash starts. */
export function home(view: DataView, at: number, code: number): number {
  return at + HEAD + (((code & 0xffff) * view.getUint16(at, true)) >>> 16) * SLOT
}

/** Occupies the free slot. */
export function fill(view: DataView, at: number, slot: number, code: number, ref: number): void {
  view.setInt32(slot, code, true)
  view.setInt32(slot + 4, ref, true)
  view.setInt32(at + 4, countOf(view, at) + 1, true)
}

/** Occupies the first free slot for the hash. */
export function put(view: DataView, at: number, code: number, ref: number): void {
  const end = at + sizeOf(view, at)
  let slot = home(view, at, code)
  while (view.getInt32(slot + 4, true) !== 0) {
    slot += SLOT
    if (slot === end) slot = at + HEAD
  }
  fill(view, at, slot, code, ref)
}

/** Frees a slot, and moves up later ones so that each can still be found from its home. */
export function take(view: DataView, at: number, slot: number): void {
  const size = sizeOf(view, at) - HEAD
  let hole = slot
  let next = slot
  for (;;) {
    next += SLOT
    if (next === at + HEAD + size) next = at + HEAD
    const ref = view.getInt32(next + 4, true)
    if (ref === 0) break
    const code = view.getInt32(next, true)
    const wanted = home(view, at, code)
    if (distance(wanted, next, size) < distance(hole, next, size)) continue
    view.setInt32(hole, code, true)
    view.setInt32(hole + 4, ref, true)
    hole = next
  }
  view.setInt32(hole + 4, 0, true)
  view.setInt32(at + 4, countOf(view, at) - 1, true)
}

function distance(from: number, to: number, size: number): number {
  return to >= from ? to - from : to - from + size
}
