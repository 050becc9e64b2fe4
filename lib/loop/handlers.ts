import { RevioError } from '../errors.js'
import type { Handlers } from '../events.js'
import { isArray, kindOf, show } from '../show.js'

/** The names of all handlers. */
export const HANDLERS = [
  'serving',
  'opened',
  'data',
  'ended',
  'expired',
  'secured',
  'closed',
  'detached',
  'prewrite',
  'postwrite',
  'sent',
  'failed',
  'tlsFailed',
  'tick',
  'message',
] as const satisfies (keyof Handlers)[]

type Handler = (typeof HANDLERS)[number]

const KNOWN: ReadonlySet<string> = new Set(HANDLERS)

/** Names of handlers in other libraries, and their equivalents here. */
const ELSEWHERE: Readonly<Record<string, Handler>> = {
  accept: 'opened',
  connect: 'opened',
  connected: 'opened',
  connection: 'opened',
  listening: 'serving',
  listen: 'serving',
  ready: 'serving',
  read: 'data',
  receive: 'data',
  packet: 'data',
  traffic: 'data',
  open: 'opened',
  end: 'ended',
  close: 'closed',
  disconnect: 'closed',
  disconnected: 'closed',
  detach: 'detached',
  drain: 'postwrite',
  error: 'failed',
  secure: 'secured',
  timeout: 'expired',
  tlsclienterror: 'tlsFailed',
  expire: 'expired',
  serve: 'serving',
  timer: 'tick',
}

/**
 * Checks a handlers object, to catch misspelt handlers. Handlers may be on a prototype; other prototype members, and
 * fields that aren't functions, belong to the program.
 *
 * @throws `ERR_OPTION`, naming the handler and the one probably meant.
 */
export function checkHandlers(events: unknown, what: string): asserts events is Handlers<unknown> {
  if (typeof events !== 'object' || events === null || isArray(events)) {
    throw new RevioError(
      'ERR_OPTION',
      `${what}: expected an object with handlers; received ${kindOf(events)}`,
    )
  }
  const handlers = events as Readonly<Record<string, unknown>>
  for (const name of HANDLERS) {
    const handler = handlers[name]
    if (handler === undefined || typeof handler === 'function') continue
    throw new RevioError(
      'ERR_OPTION',
      `${what}: handler "${name}" must be a function; received ${kindOf(handler)}`,
    )
  }
  const { signal } = handlers
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new RevioError('ERR_OPTION', `${what}: signal must be an AbortSignal; received ${kindOf(signal)}`)
  }
  checkSlowHandler(handlers.slowHandler)
  for (const name of Object.keys(handlers)) {
    if (KNOWN.has(name) || typeof handlers[name] !== 'function') continue
    throw new RevioError('ERR_OPTION', `${what}: unknown handler "${name}"${suggestion(name)}`)
  }
}

/** @throws `ERR_OPTION` unless it is a non-negative number of milliseconds, or absent. */
function checkSlowHandler(limit: unknown): void {
  if (limit === undefined || (typeof limit === 'number' && limit >= 0)) return
  throw new RevioError(
    'ERR_OPTION',
    `option slowHandler: expected a non-negative number of milliseconds; received ${show(limit)}`,
  )
}

function suggestion(name: string): string {
  const meant = nearest(name)
  return meant === undefined ? `; known handlers are ${HANDLERS.join(', ')}` : `; did you mean "${meant}"?`
}

function nearest(name: string): Handler | undefined {
  const plain = name.replace(/^(?:on|handle)(?=[A-Z_])_?/, '').toLowerCase()
  const same = HANDLERS.find(handler => handler === plain)
  if (same !== undefined) return same
  if (Object.hasOwn(ELSEWHERE, plain)) return ELSEWHERE[plain]
  const [best] = HANDLERS.map(handler => ({ handler, distance: distance(plain, handler) })).sort(
    (a, b) => a.distance - b.distance,
  )
  return best !== undefined && best.distance <= 2 ? best.handler : undefined
}

/** Edit distance: letters to insert, remove or replace to turn one word into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}
