/** The result of the work: used, so that the compiler can't remove the work. */
let state = 1

/** Computes for this many steps, as a busy handler does. */
export function work(steps: number): void {
  let next = state
  for (let step = 0; step < steps; step++) {
    next ^= next << 13
    next ^= next >>> 17
    next ^= next << 5
  }
  state = next
}

/** Bytes of a message that costs work. */
export const MESSAGE = 64

/** Does this many steps for each message in the input. */
export function workFor(input: Uint8Array, steps: number): void {
  if (steps > 0) work(steps * Math.ceil(input.length / MESSAGE))
}

/** How many steps take this many microseconds here, if uninterrupted. */
export function stepsIn(microseconds: number): number {
  const steps = 10_000
  let fastest = Number.POSITIVE_INFINITY
  for (let round = 0; round < 500; round++) {
    const began = performance.now()
    work(steps)
    fastest = Math.min(fastest, performance.now() - began)
  }
  return Math.round((microseconds / 1000 / fastest) * steps)
}
