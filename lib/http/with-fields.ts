import type { HeaderList } from './message.js'

export type Pair = readonly [name: string, value: string]

/** Adds the program's fields to a response's `own`, which they override. */
export function withFields(own: readonly Pair[], given: HeaderList | undefined): readonly Pair[] {
  if (given === undefined) return own
  const pairs: Pair[] = []
  const entries = Symbol.iterator in given ? given : Object.entries(given)
  for (const [name, value] of entries as Iterable<
    [string, string | number | readonly string[] | undefined]
  >) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) pairs.push([name, String(each)])
    }
  }
  const names = new Set(pairs.map(([name]) => name.toLowerCase()))
  return [...own.filter(([name]) => !names.has(name.toLowerCase())), ...pairs]
}
