import type { Tree } from './tree.js'

/** Whether two replies are similar enough. */
export type Likeness = (expected: Tree, actual: Tree, args: readonly string[]) => boolean

export const same: Likeness = (expected, actual) => canonical(expected) === canonical(actual)

/** The same elements in any order. */
export const sameElements: Likeness = (expected, actual) =>
  expected.type === actual.type &&
  sorted(expected.items, 1) === sorted(actual.items, 1) &&
  textual(expected, actual)

/** The same pairs in any order: a map, or in RESP2 a flat array. */
export const samePairs: Likeness = (expected, actual) =>
  expected.type === actual.type &&
  sorted(expected.items, 2) === sorted(actual.items, 2) &&
  textual(expected, actual)

/** The same types and lengths, whatever the elements are. */
export const sameShape: Likeness = (expected, actual) => shape(expected) === shape(actual)

/** The same type. */
export const sameType: Likeness = (expected, actual) => expected.type === actual.type

/** Integers that the delay between two servers may have changed; negative ones have a meaning and must be equal. */
export function near(distance: number): Likeness {
  return (expected, actual, args) => {
    const numbers = [expected, actual].map(({ type, text = '' }) =>
      type === ':' ? Number(text) : Number.NaN,
    )
    const [left = Number.NaN, right = Number.NaN] = numbers
    if (left < 0 || right < 0 || Number.isNaN(left + right)) return same(expected, actual, args)
    return Math.abs(left - right) <= distance
  }
}

/**
 * A cursor and elements. Cursors may differ; at the end, both servers must have returned the same elements, single or
 * in pairs.
 */
export function sameScan(step: 1 | 2): Likeness {
  return (expected, actual, args) => {
    const [cursor, elements] = expected.items ?? []
    const [otherCursor, otherElements] = actual.items ?? []
    if (elements?.items === undefined || otherElements?.items === undefined)
      return same(expected, actual, args)
    const complete = /^0+$/.test(args[/^scan$/i.test(args[0] ?? '') ? 1 : 2] ?? '')
    if (!complete || cursor?.text !== '0' || otherCursor?.text !== '0') return true
    return sorted(elements.items, step) === sorted(otherElements.items, step)
  }
}

/** Equal; without a sort order, the order of sets is arbitrary, and so is what a limit leaves. */
export const sameSorted: Likeness = (expected, actual, args) => {
  const words = args.map(arg => arg.toLowerCase().replace(/\0.*/s, ''))
  const by = words.lastIndexOf('by')
  // Elements with equal numbers are ordered by their members; elements with equal texts are not.
  const ordered = by < 0 || ((args[by + 1] ?? '').includes('*') && !words.includes('alpha'))
  if (ordered) return same(expected, actual, args)
  if (!words.includes('limit')) return sameElements(expected, actual, args)
  return expected.type === actual.type && expected.items?.length === actual.items?.length
}

/** What both have is equal: pairs of a name and a value. */
export const sameWhereBoth: Likeness = (expected, actual) => {
  if (expected.items === undefined || actual.items === undefined)
    return canonical(expected) === canonical(actual)
  const known = new Map(inSteps(expected.items, 2).map(([name, value]) => [name?.text, value?.text]))
  return inSteps(actual.items, 2).every(
    ([name, value]) => known.has(name?.text) && known.get(name?.text) === value?.text,
  )
}

/** COMMAND INFO of commands that both have: equal names, arities, flags in any order, and key positions. */
export const sameEntries: Likeness = (expected, actual, args) => {
  // Without names it lists all commands.
  if (args.length <= 2) return expected.type === actual.type
  const entries = (tree: Tree) => (tree.items ?? []).map(({ items = [] }) => items.slice(0, 6))
  const others = entries(actual)
  return (
    entries(expected).length === others.length &&
    entries(expected).every((fields, index) => {
      const plain = (each: readonly Tree[]) =>
        each.map(field => sorted(field.items, 1) + (field.text ?? '')).join()
      const other = others[index] ?? []
      return other.length === 0 || plain(fields) === plain(other)
    })
  )
}

export function canonical({ type, text, items }: Tree): string {
  return items === undefined ? `${type}${text ?? ''}` : `${type}[${items.map(canonical).join('\n')}]`
}

function textual(expected: Tree, actual: Tree): boolean {
  return expected.text === actual.text
}

function shape({ type, items }: Tree): string {
  return items === undefined ? type : `${type}[${items.map(shape).join('')}]`
}

function sorted(items: readonly Tree[] = [], step: 1 | 2): string {
  return inSteps(items, step)
    .map(part => part.map(canonical).join('\n'))
    .sort()
    .join('\n\n')
}

function inSteps(items: readonly Tree[], step: number): Tree[][] {
  return Array.from({ length: Math.ceil(items.length / step) }, (_, at) =>
    items.slice(step * at, step * (at + 1)),
  )
}
