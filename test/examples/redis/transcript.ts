import { Buffer } from 'node:buffer'

/**
 * How to compare a reply: `>` exactly, `~` its lines in any order, `?` only its types (for random replies, or times).
 */
export type Marker = '>' | '~' | '?'

/** A command and its reply. */
export interface Exchange {
  line: number
  marker: Marker
  command: string
  reply: string
}

/**
 * Parses a transcript: lines with a marker and a command, each followed by the lines of its reply; `#` and empty lines
 * before the first command after a reply are comments.
 */
export function readTranscript(text: string): Exchange[] {
  const exchanges: Exchange[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [, marker, command] = /^([>~?]) (.+)$/.exec(line) ?? []
    if (marker !== undefined && command !== undefined) {
      exchanges.push({ line: index + 1, marker: marker as Marker, command, reply: '' })
    } else if (!line.startsWith('#') && line !== '') {
      const last = exchanges.at(-1)
      if (last !== undefined) last.reply += `${line}\n`
    }
  }
  return exchanges
}

/** The same text with other replies. */
export function writeTranscript(text: string, replies: readonly string[]): string {
  const out: string[] = []
  let next = 0
  for (const line of text.split('\n')) {
    const isCommand = /^[>~?] /.test(line)
    if (isCommand) out.push(line, (replies[next++] ?? '').replace(/\n$/, ''))
    else if (line.startsWith('#') || line === '') out.push(line)
  }
  return out.join('\n')
}

/** The words of a command: separated by blanks, or JSON strings whose characters are bytes. */
export function wordsOf(command: string): Buffer[] {
  const words = command.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []
  return words.map(word => Buffer.from(word.startsWith('"') ? JSON.parse(word) : word, 'latin1'))
}

/** A reply as lines of text: unprintable bytes as `\xHH`, an empty line as `\e`. */
export function textOf(reply: Buffer): string {
  const escaped = reply.toString('latin1').replace(/\\|[^ -~\r\n]/g, escapeByte)
  return escaped
    .replaceAll('\r\n', '\n')
    .replace(/[\r]/g, escapeByte)
    .replace(/^$(?=\n)/gm, '\\e')
}

function escapeByte(byte: string): string {
  return byte === '\\' ? '\\\\' : `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}

/** The part of a reply that must be equal. */
export function comparable(reply: string, marker: Marker): string {
  if (marker === '>') return reply
  const lines = reply.split('\n')
  if (marker === '~') return lines.sort().join('\n')
  return lines.map(line => /^[-+:$*~%>,_#=(]/.exec(line)?.[0] ?? 'x').join('')
}
