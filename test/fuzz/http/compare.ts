import { generate } from './generate.js'
import { type NodeReader, readWithRevio, type Seen } from './readers.js'

/** How revio and node:http differ on the input of a seed. */
export interface Difference {
  readonly seed: number
  readonly input: string
  readonly revio: Seen
  readonly node: Seen
}

export async function examine(seed: number, node: NodeReader): Promise<Difference | undefined> {
  const { bytes, pieces } = generate(seed)
  const [ours, theirs] = [readWithRevio(pieces), await node.read(bytes)]
  if (agree(ours, theirs)) return undefined
  return { seed, input: JSON.stringify(bytes.toString('latin1')), revio: ours, node: theirs }
}

/** The same requests in the same order, as far as revio goes: if it sees fewer, it must have refused to continue. */
export function agree(revio: Seen, node: Seen): boolean {
  if (!revio.requests.every((request, index) => request === node.requests[index])) return false
  return revio.requests.length === node.requests.length || revio.refused
}
