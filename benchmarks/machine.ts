import { cpus, release, totalmem, type } from 'node:os'

/**
 * What a figure needs to be meaningful: the machine, the programs, the time and the method, and how many cores other
 * programs used at the start.
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

/** The command as typed. */
export function commandOf(args: readonly string[]): string {
  return ['npm run bench', ...(args.length > 0 ? ['--'] : []), ...args.map(quoted)].join(' ')
}

function quoted(arg: string): string {
  return /^[\w,.=/:-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`
}
