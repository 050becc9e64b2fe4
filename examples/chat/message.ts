/** A message in a room. `id` is unique across all servers. */
export interface Said {
  readonly type: 'said'
  readonly id: string
  readonly name: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A message from a page. The page chooses `id`, so that it can repeat a message after a reconnect. */
export type FromPage =
  | { readonly type: 'join'; readonly room: string; readonly name: string }
  | { readonly type: 'say'; readonly id: string; readonly text: string }

/** A message to a page. */
export type ToPage =
  | Said
  | { readonly type: 'joined'; readonly room: string; readonly history: readonly Said[] }
  | { readonly type: 'people'; readonly names: readonly string[] }
  | { readonly type: 'notice'; readonly text: string }

/** A message between servers about a room. */
export type Shared =
  | Said
  /** The users on one server. */
  | { readonly type: 'here'; readonly server: string; readonly names: readonly string[] }
  /** Asks the other servers for both of these. */
  | { readonly type: 'ask'; readonly server: string }
  | { readonly type: 'history'; readonly server: string; readonly said: readonly Said[] }

const LONGEST_NAME = 40
const LONGEST_TEXT = 4000

/** Parses a page's message; undefined if it is invalid. */
export function readPage(data: string): FromPage | undefined {
  const value = parse(data)
  if (value?.type === 'join' && isWord(value.room) && isWord(value.name)) {
    return { type: 'join', room: value.room, name: value.name.trim() }
  }
  if (value?.type === 'say' && isWord(value.id) && typeof value.text === 'string') {
    const { id, text } = value
    return text.length > 0 && text.length <= LONGEST_TEXT ? { type: 'say', id, text } : undefined
  }
  return undefined
}

/** Parses another server's message; undefined if it is invalid. */
export function readShared(data: string): Shared | undefined {
  const value = parse(data)
  if (value === undefined) return undefined
  if (isSaid(value)) return value
  if (typeof value.server !== 'string') return undefined
  const { server } = value
  if (value.type === 'ask') return { type: 'ask', server }
  if (value.type === 'here' && Array.isArray(value.names)) {
    return { type: 'here', server, names: value.names.map(String) }
  }
  if (value.type === 'history' && Array.isArray(value.said)) {
    return { type: 'history', server, said: value.said.filter(isSaid) }
  }
  return undefined
}

function parse(data: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isSaid(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Said {
  const { type, id, name, text, at } = value
  return type === 'said' && isWord(id) && isWord(name) && typeof text === 'string' && typeof at === 'number'
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.trim().length > 0 && value.length <= LONGEST_NAME
}
