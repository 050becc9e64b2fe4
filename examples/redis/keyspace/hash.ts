/** Secrets of this process, so that no one outside can produce keys that collide. */
const [A, B, C, D] = crypto.getRandomValues(new Int32Array(4)) as unknown as [number, number, number, number]

/**
 * The hash of `view[start, end)`: 32 bits, of which each half can be used alone.
 *
 * Folds eight bytes at a time into the state by a multiplication of which both halves are kept. One factor depends on
 * a secret, so only someone who knows it can produce collisions. The last eight bytes, which may overlap those before
 * them, do not wait for the others.
 */
export function hash(view: DataView, start: number, end: number): number {
  const length = end - start
  if (length < 8) return hashShort(view, start, end)
  let state = A ^ length
  let at = start
  for (; at + 8 < end; at += 8) {
    state = fold(view.getInt32(at, true) ^ state, view.getInt32(at + 4, true) ^ B)
  }
  return state ^ fold(view.getInt32(end - 8, true) ^ C, view.getInt32(end - 4, true) ^ D)
}

function hashShort(view: DataView, start: number, end: number): number {
  const length = end - start
  let low = 0
  let high = 0
  if (length >= 4) {
    low = view.getInt32(start, true)
    high = view.getInt32(end - 4, true)
  } else if (length > 0) {
    low = view.getUint8(start) | (view.getUint8(start + (length >>> 1)) << 8) | (view.getUint8(end - 1) << 16)
  }
  return fold(low ^ A ^ length, high ^ C)
}

const SCALE = 2 ** -32

/** Combines the two halves of the 64-bit product. The upper one is that of a double, which is as good here. */
function fold(left: number, right: number): number {
  const a = left >>> 0
  const b = right >>> 0
  return Math.imul(a, b) ^ ((a * b * SCALE) | 0)
}
