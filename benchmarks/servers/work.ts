/** Keeps the thread busy for so many microseconds, as a handler does that computes something. */
export function work(microseconds: number): void {
  if (microseconds === 0) return
  const end = performance.now() + microseconds / 1000
  while (performance.now() < end);
}
