import type { Quiet } from '../messages.js'

const MIB = 2 ** 20
/**
 * What the heap and the buffers of a server may grow by from the first round's end to the last one's: V8 goes on
 * compiling for a while. A connection that left as little as 100 bytes behind would pass it within a minute or two.
 */
const HEAP_GROWTH = 3 * MIB
/** The process as a whole: the allocator keeps what it once had, and fragments it. */
const RSS_GROWTH = 40 * MIB

/** What is left over when nobody is connected any more: one line for each thing. */
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

/** What memory has grown by over the rounds, if that is too much. */
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
