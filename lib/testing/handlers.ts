import type { Events } from '../events.js'

const HANDLERS = [
  'serving',
  'opened',
  'data',
  'ended',
  'closed',
  'detached',
  'prewrite',
  'postwrite',
  'sent',
  'tick',
] as const satisfies (keyof Events)[]

type Handler = (...args: unknown[]) => unknown

/**
 * The same handlers, each called by way of `around`. Those that the program does not have stay absent, as the loop
 * treats them differently.
 */
export function around<Context>(
  events: Events<Context>,
  around: (name: keyof Events, call: (...args: unknown[]) => unknown, args: unknown[]) => unknown,
): Events<Context> {
  const wrapped: Record<string, unknown> = {}
  for (const name of HANDLERS) {
    const handler: unknown = events[name]
    wrapped[name] =
      typeof handler === 'function'
        ? (...args: unknown[]) => around(name, (...given) => (handler as Handler).apply(events, given), args)
        : handler
  }
  return wrapped as Events<Context>
}
