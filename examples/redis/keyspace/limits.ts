/**
 * The largest values that Redis keeps in a compact encoding: a listpack or an intset. The clone has one encoding per
 * type, so only OBJECT ENCODING shows it; but clients and tests rely on the names.
 */
export interface Limits {
  hashEntries: number
  hashValue: number
  setIntegers: number
  sortedSetEntries: number
  sortedSetValue: number
}

export function usualLimits(): Limits {
  return { hashEntries: 512, hashValue: 64, setIntegers: 512, sortedSetEntries: 128, sortedSetValue: 64 }
}
