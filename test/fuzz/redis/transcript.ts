/** One command, as strings of bytes (latin1), and the connection that sends it. */
export interface Step {
  connection: number
  args: readonly string[]
}

/** Commands for an empty server. */
export interface Transcript {
  /** The RESP versions that the connections start with. */
  protocols: readonly (2 | 3)[]
  steps: readonly Step[]
}

/** A transcript as shell commands, one per line. */
export function textOf({ protocols, steps }: Transcript): string {
  const [first] = protocols
  const lines = steps.map(
    ({ connection, args }) => `${connection === 0 ? ' ' : '2'} ${args.map(quote).join(' ')}`,
  )
  return [`  (RESP${first})`, ...lines].join('\n')
}

/** Bytes for redis-cli: plain, or quoted if necessary; long runs of one byte are shortened. */
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
