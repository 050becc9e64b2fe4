import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** An external program, and the Debian package that contains it. */
export interface Program {
  readonly command: string
  readonly package: string
}

export const redisServer: Program = { command: 'redis-server', package: 'redis-server' }
export const redisBenchmark: Program = { command: 'redis-benchmark', package: 'redis-tools' }
export const gcc: Program = { command: 'gcc', package: 'gcc' }
export const openssl: Program = { command: 'openssl', package: 'openssl' }
export const nginx: Program = { command: 'nginx', package: 'nginx-light' }
export const haproxy: Program = { command: 'haproxy', package: 'haproxy' }
export const go: Program = { command: 'go', package: 'golang-go' }
export const wrk: Program = { command: 'wrk', package: 'wrk' }

/** An external C library, and the Debian package with its headers. */
export interface Library {
  readonly header: string
  /** The linker's names of its parts. */
  readonly parts: readonly string[]
  readonly package: string
}

export const libssl: Library = {
  header: 'openssl/ssl.h',
  parts: ['ssl', 'crypto'],
  package: 'libssl-dev',
}

/** A required program or library is not installed. */
export class MissingProgram extends Error {
  override name = 'MissingProgram'

  constructor(what: Program | Library) {
    const name = 'command' in what ? what.command : what.header
    super(`${name} is not installed (Debian package: ${what.package})`)
  }
}

export function isInstalled(program: Program): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => isExecutable(join(folder, program.command)))
}

/** Throws `MissingProgram` if it is not installed. */
export function demand(program: Program): void {
  if (!isInstalled(program)) throw new MissingProgram(program)
}

/** Whether C programs can be compiled against a library. */
export function isLinkable({ header }: Library): boolean {
  const args = ['-E', '-include', header, '-x', 'c', '/dev/null', '-o', '/dev/null']
  return isInstalled(gcc) && spawnSync(gcc.command, args, { stdio: 'ignore' }).status === 0
}

/**
 * The part of the output of `command args` that `pattern` captures: a version for a caption. Empty if it does not
 * match.
 */
export function versionOf(program: Program, args: readonly string[], pattern: RegExp): string {
  if (!isInstalled(program)) return ''
  try {
    const output = execFileSync(program.command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return pattern.exec(output)?.[1] ?? ''
  } catch {
    return ''
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
