/**
 * The block sizes of the arena: every multiple of 8 bytes up to 128, then eight steps to each doubling, so that
 * rounding up wastes at most an eighth.
 */

/** The largest block, in bytes. */
export const LARGEST = 16 * 1024

const FINE_BITS = 4
const FINE = 1 << FINE_BITS
const STEP_BITS = 3
const STEP_MASK = (1 << STEP_BITS) - 1

/** The class whose blocks fit `size` bytes, at most `LARGEST`; counted from 1. */
export function classFor(size: number): number {
  const units = (size + 7) >>> 3
  if (units <= FINE) return units
  const doubling = 31 - Math.clz32(units - 1)
  const step = doubling - STEP_BITS
  const index = (units - 1 - (1 << doubling)) >>> step
  return FINE + ((doubling - FINE_BITS) << STEP_BITS) + index + 1
}

/** The size of a block of this class in bytes. */
export function classSize(sizeClass: number): number {
  if (sizeClass <= FINE) return sizeClass << 3
  const coarse = sizeClass - FINE - 1
  const doubling = FINE_BITS + (coarse >>> STEP_BITS)
  return ((1 << doubling) + (((coarse & STEP_MASK) + 1) << (doubling - STEP_BITS))) << 3
}

/** The number of classes. */
export const CLASSES = classFor(LARGEST)
