import { mkdir, rename, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runToEnd } from './children.js'
import { root } from './paths.js'
import { demand, gcc } from './programs.js'

const FLAGS = ['-O2', '-std=c11', '-Wall', '-Wextra', '-Werror']

/** Compiles a C file of benchmarks/ unless that has been done since it was changed; answers the program's path. */
export async function compile(source: string, folder = join(root, 'dist/benchmarks/bin')): Promise<string> {
  demand(gcc)
  const from = join(root, 'benchmarks', source)
  const program = join(folder, basename(source, '.c'))
  if ((await changed(program)) > (await changed(from))) return program
  await mkdir(folder, { recursive: true })
  // Under another name first: a second run may start the program meanwhile.
  const fresh = `${program}.${process.pid}`
  await runToEnd({ file: gcc.command, args: [...FLAGS, '-o', fresh, from] })
  await rename(fresh, program)
  return program
}

async function changed(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  )
}
