/** One command, as strings of bytes (latin1), and by which of the connections it is sent. */
export interface Step {
  connection: number
  args: readonly string[]
}

/** What is said to a server that holds nothing. */
export interface Transcript {
  /** The versions of RESP that the connections begin with. */
  protocols: readonly (2 | 3)[]
  steps: readonly Step[]
}

/** A transcript in words that a shell would understand, one command a line. */
export function textOf({ protocols, steps }: Transcript): string {
  const [first] = protocols
  const lines = steps.map(
    ({ connection, args }) => `${connection === 0 ? ' ' : '2'} ${args.map(quote).join(' ')}`,
  )
  return [`  (RESP${first})`, ...lines].join('\n')
}

/** Bytes as redis-cli takes them: plain, or quoted where they must be; long runs of one byte are cut. */
export function quote(bytes: string): string {
  const short = bytes.replace(/(.)\1{30,}/gs, run => `${run.slice(0, 3)}…×${run.length}`)
  if (/^[!#-&(-[\]-~…×]+$/.test(short)) return short
  const escaped = short.replace(/["\\]|[^ -~…×]/g, hexOf)
  return `"${escaped}"`
}

function hexOf(byte: string): string {
  if (byte === '"' || byte === '\\') return `\\${byte}`
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}
