import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { runToEnd } from './children.js'
import { root } from './paths.js'
import { demand, gcc, go, isLinkable, type Library, MissingProgram } from './programs.js'

const FLAGS = ['-O2', '-std=c11', '-Wall', '-Wextra', '-Werror']

/** The default folder of the programs. */
const BIN = join(root, 'dist/benchmarks/bin')

/**
 * Compiles a C or Go file of benchmarks/, unless the program is newer than it and the headers here. Returns the
 * program's path. Throws `MissingProgram` without the compiler or the library.
 */
export async function compile(
  source: string,
  { folder = BIN, library }: { folder?: string; library?: Library } = {},
): Promise<string> {
  const kind = extname(source)
  demand(kind === '.go' ? go : gcc)
  if (library !== undefined && !isLinkable(library)) throw new MissingProgram(library)
  const from = join(root, 'benchmarks', source)
  const program = join(folder, basename(source, kind))
  if ((await changed(program)) > (await newest(from))) return program
  await mkdir(folder, { recursive: true })
  // Renames it into place: another run may start the program meanwhile.
  const fresh = `${program}.${process.pid}`
  const linked = (library?.parts ?? []).map(part => `-l${part}`)
  await runToEnd(
    kind === '.go'
      ? { file: go.command, args: ['build', '-o', fresh, from] }
      : { file: gcc.command, args: [...FLAGS, '-o', fresh, from, ...linked] },
  )
  await rename(fresh, program)
  return program
}

/** When a source, or a header that it includes, last changed. */
async function newest(path: string): Promise<number> {
  const headers = (await readFile(path, 'utf8')).matchAll(/^#include "(.+)"$/gm)
  const times = [...headers].map(([, header = '']) => newest(join(dirname(path), header)))
  return Math.max(await changed(path), ...(await Promise.all(times)))
}

async function changed(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
