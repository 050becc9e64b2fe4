/** Classes of keyspace events and where to publish them, as bits: the letters of Redis's `notify-keyspace-events`. */
export const Event = {
  Generic: 1 << 0,
  String: 1 << 1,
  List: 1 << 2,
  Set: 1 << 3,
  Hash: 1 << 4,
  SortedSet: 1 << 5,
  Expired: 1 << 6,
  Evicted: 1 << 7,
  Stream: 1 << 8,
  Module: 1 << 9,
  New: 1 << 10,
  /** To `__keyspace@0__:key`. */
  ToKeyspace: 1 << 11,
  /** To `__keyevent@0__:event`. */
  ToKeyevent: 1 << 12,
  Miss: 1 << 13,
} as const

/** The letters in the order of the bits. */
const LETTERS = 'g$lshzxetdnKEm'
/** `A`: all classes except new keys and misses. */
const ALL = Event.New - 1

/** The bits of a value of `notify-keyspace-events`; `undefined` if it contains an unknown letter. */
export function parseEvents(letters: string): number | undefined {
  let flags = 0
  for (const letter of letters) {
    const bit = LETTERS.indexOf(letter)
    if (letter === 'A') flags |= ALL
    else if (bit >= 0) flags |= 1 << bit
    else return undefined
  }
  return flags
}

export function formatEvents(flags: number): string {
  const all = (flags & ALL) === ALL
  const letters = [...LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0 && !(all && bit <= 10))
  return (all ? 'A' : '') + letters.join('')
}
