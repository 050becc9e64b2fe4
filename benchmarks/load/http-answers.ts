import { show } from '../exchange.js'

/** Counts the complete responses in `text`. Throws for a response that is not 200 or has no body. */
export function wholeAnswers(text: string): number {
  let found = 0
  for (let at = 0; at < text.length; found++) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end < 0) return found
    const head = text.slice(at, end)
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    if (!head.startsWith('HTTP/1.1 200 ') || length === 0) throw new Error(`it answered ${show(head)}`)
    at = end + 4 + length
    if (at > text.length) return found
  }
  return found
}
