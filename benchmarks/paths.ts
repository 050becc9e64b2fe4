import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that contains package.json: this file runs from benchmarks/ and, compiled, from dist/benchmarks/. */
export const root = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** A compiled program of this repository, by its path in dist/. */
export function built(path: string): string {
  const file = join(root, 'dist', path)
  if (!existsSync(file)) throw new Error(`dist/${path} is not there; npm run build makes it`)
  return file
}

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder)
    throw new Error('the benchmarks run inside of a clone: there is no package.json above them')
  return rootAbove(parent)
}
