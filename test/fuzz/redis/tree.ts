import type { Buffer } from 'node:buffer'
import { replyEnd } from '../../examples/redis/resp-reader.js'

/** A reply: its RESP type, and its bytes as latin1, or its nested replies; a null has neither. */
export interface Tree {
  type: string
  text?: string
  items?: readonly Tree[]
}

/** Parses `bytes[0, end)` as a reply. */
export function treeOf(bytes: Buffer): Tree {
  return read(bytes, 0).tree
}

function read(bytes: Buffer, at: number): { tree: Tree; next: number } {
  const type = String.fromCharCode(bytes[at] ?? 0)
  const lineEnd = bytes.indexOf('\r\n', at)
  const line = bytes.toString('latin1', at + 1, lineEnd)
  if ('$=!'.includes(type)) {
    const next = replyEnd(bytes, at)
    if (line === '-1') return { tree: { type: '_' }, next }
    return { tree: { type, text: bytes.toString('latin1', lineEnd + 2, next - 2) }, next }
  }
  if (!'*~>%'.includes(type))
    return { tree: type === '_' ? { type } : { type, text: line }, next: lineEnd + 2 }
  if (line === '-1') return { tree: { type: '*', text: 'null' }, next: lineEnd + 2 }
  const items: Tree[] = []
  let next = lineEnd + 2
  for (let left = type === '%' ? 2 * Number(line) : Number(line); left > 0; left--) {
    const item = read(bytes, next)
    items.push(item.tree)
    next = item.next
  }
  return { tree: { type, items }, next }
}

/** The reply on one line. */
export function lineOf({ type, text, items }: Tree): string {
  if (items === undefined) return `${type}${text === undefined ? '' : JSON.stringify(text).slice(0, 200)}`
  return `${type}${items.length}[${items.map(lineOf).join(' ')}]`.slice(0, 1000)
}
