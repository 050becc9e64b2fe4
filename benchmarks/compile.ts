import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { runToEnd } from './children.js'
import { root } from './paths.js'
import { demand, gcc, go, isLinkable, type Library, MissingProgram } from './programs.js'

const FLAGS = ['-O2', '-std=c11', '-Wall', '-Wextra', '-Werror']

/** Where the programs are, when nothing else is said. */
const BIN = join(root, 'dist/benchmarks/bin')

/**
 * Compiles a C or Go file of benchmarks/ unless that has been done since it, or a header of ours, was changed. Answers
 * the program's path. Throws `MissingProgram` where there is no compiler, or not the library.
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
  // Under another name first: a second run may start the program meanwhile.
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

/** When a source was changed last, or a header that it includes. */
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
