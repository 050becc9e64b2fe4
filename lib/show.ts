import { inspect, types } from 'node:util'

/*
 * How messages show a program's values. Programs pass anything, even what can't be converted to a string: an object
 * without a prototype, one whose `toString` throws, a symbol, a revoked Proxy. None of it may hide what the message is
 * about.
 */

/** Longest text of a value in a message. */
const LONGEST = 200

/** A value as text of bounded length. */
export function show(value: unknown): string {
  const text = textOf(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

/** A value as text: what it says itself, if it can. */
export function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return looksOf(value)
  }
}

/** The kind of a value, with its article. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** As `Array.isArray`, which throws for a revoked Proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** As `instanceof`, which throws for a revoked Proxy. */
export function isA<Class>(value: unknown, type: new (...args: never[]) => Class): value is Class {
  try {
    return value instanceof type
  } catch {
    return false
  }
}

/** The name of an object's class; undefined if it has none. */
export function classOf(value: object): string | undefined {
  if (types.isProxy(value)) return 'Proxy'
  try {
    const { name } = value.constructor
    return typeof name === 'string' ? name : undefined
  } catch {
    return undefined
  }
}

/** A value as a debugger shows it, without running its code. */
export function looksOf(value: unknown): string {
  try {
    return inspect(value, {
      customInspect: false,
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      maxArrayLength: 10,
      maxStringLength: LONGEST,
    })
  } catch {
    return `a value of type ${typeof value} that cannot be shown`
  }
}
