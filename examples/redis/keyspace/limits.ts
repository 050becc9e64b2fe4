/**
 * How large a value may be that Redis keeps in its compact form: a listpack, or an intset. Here only OBJECT ENCODING
 * shows it, as every value has the one form; but clients and tests rely on the names.
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
