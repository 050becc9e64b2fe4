import { cpus, release, totalmem, type } from 'node:os'

/**
 * What a figure is worth nothing without: where, with what, when and how it was measured, and how many cores other
 * programs used when it began.
 */
export function caption(
  abouts: readonly string[],
  command: string,
  busy: number,
  date = new Date(),
): string[] {
  const shared = busy > 0 ? `, ${busy.toFixed(1)} cores in use by other programs` : ''
  const cores = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const model = cores[0]?.model.trim() || 'unknown processor'
  return [
    `${model}, ${cores.length} ${cores.length === 1 ? 'core' : 'cores'}, ${memory} GiB, ${type()} ${release()}${shared}`,
    [...new Set(abouts)].join(', '),
    `${date.toISOString().slice(0, 10)}, ${command}`,
  ]
}

/** The command as a person would type it. */
export function commandOf(args: readonly string[]): string {
  return ['npm run bench', ...(args.length > 0 ? ['--'] : []), ...args.map(quoted)].join(' ')
}

function quoted(arg: string): string {
  return /^[\w,.=/:-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`
}
