/** The version of the format, which Redis 7.0 writes. */
export const VERSION = 10

/** What kind of value follows, and in which form. */
export const Type = {
  String: 0,
  List: 1,
  Set: 2,
  Hash: 4,
  SortedSet: 5,
  Intset: 11,
  HashListpack: 16,
  SortedSetListpack: 17,
  Quicklist: 18,
} as const

/** Of a string that is kept in another form than its bytes. */
export const Form = { Int8: 0, Int16: 1, Int32: 2, Compressed: 3 } as const

/** The two bytes of the version and the eight of the checksum. */
export const FOOTER = 10
