import type { Quiet } from '../messages.js'

const MIB = 2 ** 20
/**
 * How much the heap and the buffers of a server may grow from the end of the first round to that of the last one: V8
 * keeps compiling for a while. A leak of 100 bytes per connection would exceed it within a minute or two.
 */
const HEAP_GROWTH = 3 * MIB
/** The whole process: the allocator keeps what it once had, and fragments it. */
const RSS_GROWTH = 40 * MIB

/** What is left when no one is connected any more: one line for each thing. */
export function leftover(before: Quiet, after: Quiet): string[] {
  const lines: string[] = []
  const { opened, closed, detached } = after.counts
  if (opened !== closed + detached)
    lines.push(`${opened} connections were opened, but ${closed} closed and ${detached} detached`)
  if (after.descriptors > before.descriptors)
    lines.push(
      `${after.descriptors} descriptors are open with nobody connected; before it were ${before.descriptors}`,
    )
  return lines
}

/** The growth of memory over the rounds, if it is too much. */
export function growth(first: Quiet, last: Quiet): string[] {
  const lines: string[] = []
  const held = ({ memory }: Quiet) => memory.heap + memory.buffers
  const grown = held(last) - held(first)
  if (grown > HEAP_GROWTH)
    lines.push(`heap and buffers grew by ${inMiB(grown)} from the end of the first round to that of the last`)
  const rss = last.memory.rss - first.memory.rss
  if (rss > RSS_GROWTH)
    lines.push(`the process grew by ${inMiB(rss)} from the end of the first round to that of the last`)
  return lines
}

export function inMiB(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}
