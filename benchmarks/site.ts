import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './paths.js'

/** The files that HTTP servers serve, and their sizes. */
export const pages = { '4k.txt': 4096, '64k.txt': 65_536, '1m.txt': 1_048_576 } as const

/** Writes those files, and returns their folder. */
export async function writeSite(): Promise<string> {
  const folder = join(root, 'dist/benchmarks/site')
  await mkdir(folder, { recursive: true })
  for (const [name, size] of Object.entries(pages)) await writeFile(join(folder, name), pageOf(size))
  return folder
}

/** Plain text of this many bytes. */
export function pageOf(size: number): string {
  const line = 'The quick brown fox jumps over the lazy dog, again and again.\n'
  return line.repeat(Math.ceil(size / line.length)).slice(0, size)
}
