import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { markdown } from './markdown.js'
import { root } from './paths.js'
import type { Outcome, Plan } from './plan.js'
import { svg } from './svg.js'

/** Writes a result to docs/benchmarks/; returns the paths, relative to the repository. */
export async function writePages(
  plan: Plan,
  outcome: Outcome,
  caption: readonly string[],
): Promise<string[]> {
  const folder = 'docs/benchmarks'
  await mkdir(join(root, folder), { recursive: true })
  const pages = [
    [`${folder}/${plan.name}.md`, markdown(plan, outcome, caption)],
    [`${folder}/${plan.name}.svg`, svg(plan, outcome, caption)],
  ] as const
  for (const [path, text] of pages) await writeFile(join(root, path), text)
  return pages.map(([path]) => path)
}
