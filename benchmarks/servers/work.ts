/** What the work comes to: kept, so that nothing of it can be left out. */
let state = 1

/** Computes for so many steps, as a handler does that has something to do. */
export function work(steps: number): void {
  let next = state
  for (let step = 0; step < steps; step++) {
    next ^= next << 13
    next ^= next >>> 17
    next ^= next << 5
  }
  state = next
}

/** Bytes of a message that work is done for. */
export const MESSAGE = 64

/** So many steps for each of the messages that have come at a time. */
export function workFor(input: Uint8Array, steps: number): void {
  if (steps > 0) work(steps * Math.ceil(input.length / MESSAGE))
}

/** How many steps take so many microseconds here, when nobody interrupts them. */
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
