import type { Buffer } from 'node:buffer'

const LENGTHS = '$=!'
const AGGREGATES = '*~>%'

/** Returns the end of the reply that begins at `at`; -1 if it is incomplete. */
export function replyEnd(bytes: Buffer, at: number): number {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return -1
  const type = String.fromCharCode(bytes[at] ?? 0)
  const length = Number(bytes.toString('latin1', at + 1, lineEnd))
  if (LENGTHS.includes(type) && length >= 0) {
    const end = lineEnd + 2 + length + 2
    return end <= bytes.length ? end : -1
  }
  if (!AGGREGATES.includes(type)) return lineEnd + 2
  let end = lineEnd + 2
  for (let left = type === '%' ? 2 * length : length; left > 0 && end >= 0; left--) end = replyEnd(bytes, end)
  return end
}
