/** Something that can be sampled: a dict, a sorted set. */
interface Population {
  readonly size: number
  random(): number
  each(visit: (entry: number) => void): void
}

/** So many different entries, all where there are fewer; for a negative number, entries of which some may be the same. */
export function sample(population: Population, count: number): number[] {
  if (count < 0) return Array.from({ length: -count }, () => population.random())
  return 2 * count < population.size ? pick(population, count) : shuffle(population).slice(0, count)
}

function pick(population: Population, count: number): number[] {
  const chosen = new Set<number>()
  while (chosen.size < count) chosen.add(population.random())
  return [...chosen]
}

function shuffle(population: Population): number[] {
  const all: number[] = []
  population.each(entry => all.push(entry))
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    const entry = all[other] as number
    all[other] = all[at] as number
    all[at] = entry
  }
  return all
}
