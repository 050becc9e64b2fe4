/** A compressed version of a file, stored next to it. */
export interface Encoding {
  readonly name: string
  readonly suffix: string
}

/** In order of preference. */
const KNOWN: readonly Encoding[] = [
  { name: 'br', suffix: '.br' },
  { name: 'zstd', suffix: '.zst' },
  { name: 'gzip', suffix: '.gz' },
]

/** The encodings that a peer accepts, from its `accept-encoding`. */
export function accepted(field: string | undefined): readonly Encoding[] {
  if (field === undefined) return []
  const weights = new Map<string, number>()
  for (const item of field.split(',')) {
    const [name = '', ...parameters] = item.split(';').map(part => part.trim().toLowerCase())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  const others = weights.get('*') ?? 0
  return KNOWN.filter(({ name }) => (weights.get(name) ?? others) > 0)
}
