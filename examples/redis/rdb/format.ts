/** The version of the format that Redis 7.0 writes. */
export const VERSION = 10

/** The type and encoding of the following value. */
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

/** The encodings of a string other than its bytes. */
export const Form = { Int8: 0, Int16: 1, Int32: 2, Compressed: 3 } as const

/** The two bytes of the version and the eight of the checksum. */
export const FOOTER = 10
