/** The most elements of a leaf, and the most children of an inner node. */
const MOST = 64

/** Whether an element comes before the position that is searched for. */
export type IsBefore = (score: number, entry: number) => boolean

/**
 * Pairs of a score and an entry in an order that the owner maintains: a B-tree whose nodes count the elements below
 * them, so that finding, inserting and removing by position takes logarithmic time.
 */
export class Sequence {
  #root: Node = new Leaf([], [])

  get size(): number {
    return this.#root.size
  }

  /** The number of elements before a position, which are those for which `before` is true. */
  partition(before: IsBefore): number {
    return this.#root.partition(before)
  }

  insert(index: number, score: number, entry: number): void {
    const sibling = this.#root.insert(index, score, entry)
    if (sibling !== undefined) this.#root = new Branch([this.#root, sibling])
  }

  remove(index: number): void {
    this.#root.remove(index)
    if (this.#root instanceof Branch && this.#root.children.length === 1) {
      this.#root = this.#root.children[0] as Node
    }
  }

  /** Calls `visit` with the elements `[from, to)`, in order. It must not change them. */
  each(from: number, to: number, visit: (entry: number, score: number) => void): void {
    this.#root.each(from, to, visit)
  }
}

type Node = Leaf | Branch

class Leaf {
  readonly scores: number[]
  readonly entries: number[]

  constructor(scores: number[], entries: number[]) {
    this.scores = scores
    this.entries = entries
  }

  get size(): number {
    return this.entries.length
  }

  /** The number of parts. */
  get length(): number {
    return this.entries.length
  }

  isFirstBefore(before: IsBefore): boolean {
    return this.size > 0 && before(this.scores[0] as number, this.entries[0] as number)
  }

  partition(before: IsBefore): number {
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (before(this.scores[middle] as number, this.entries[middle] as number)) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Splits off the right half if it has become too large, and returns it. */
  insert(index: number, score: number, entry: number): Leaf | undefined {
    insertAt(this.scores, index, score)
    insertAt(this.entries, index, entry)
    if (this.size <= MOST) return undefined
    return new Leaf(this.scores.splice(MOST / 2), this.entries.splice(MOST / 2))
  }

  remove(index: number): void {
    removeAt(this.scores, index)
    removeAt(this.entries, index)
  }

  each(from: number, to: number, visit: (entry: number, score: number) => void): void {
    for (let index = from; index < to; index++) {
      visit(this.entries[index] as number, this.scores[index] as number)
    }
  }

  /** Takes over the whole node to its right. */
  absorb(right: Leaf): void {
    this.scores.push(...right.scores)
    this.entries.push(...right.entries)
  }
}

class Branch {
  readonly children: Node[]
  size: number

  constructor(children: Node[]) {
    this.children = children
    this.size = children.reduce((sum, child) => sum + child.size, 0)
  }

  get length(): number {
    return this.children.length
  }

  isFirstBefore(before: IsBefore): boolean {
    return (this.children[0] as Node).isFirstBefore(before)
  }

  partition(before: IsBefore): number {
    let low = 0
    let high = this.children.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.children[middle] as Node).isFirstBefore(before)) low = middle + 1
      else high = middle
    }
    // The position is in the last child that begins before it.
    if (low === 0) return 0
    let index = (this.children[low - 1] as Node).partition(before)
    for (let at = 0; at < low - 1; at++) index += (this.children[at] as Node).size
    return index
  }

  /** Splits off the right half if it has become too large, and returns it. */
  insert(index: number, score: number, entry: number): Branch | undefined {
    const { at, offset } = this.#find(index)
    const sibling = (this.children[at] as Node).insert(offset, score, entry)
    this.size++
    if (sibling === undefined) return undefined
    insertAt(this.children, at + 1, sibling)
    if (this.children.length <= MOST) return undefined
    const right = new Branch(this.children.splice(MOST / 2))
    this.size -= right.size
    return right
  }

  remove(index: number): void {
    const { at, offset } = this.#find(index)
    ;(this.children[at] as Node).remove(offset)
    this.size--
    if (!this.#merge(at)) this.#merge(at - 1)
  }

  each(from: number, to: number, visit: (entry: number, score: number) => void): void {
    let start = 0
    for (const child of this.children) {
      if (start >= to) return
      const end = start + child.size
      if (end > from) child.each(Math.max(from - start, 0), Math.min(to, end) - start, visit)
      start = end
    }
  }

  absorb(right: Branch): void {
    this.children.push(...right.children)
    this.size += right.size
  }

  /** The child that contains an index, and the index within it; an index past the end is in the last child. */
  #find(index: number): { at: number; offset: number } {
    let at = 0
    let offset = index
    while (at < this.children.length - 1) {
      const { size } = this.children[at] as Node
      if (offset < size) break
      offset -= size
      at++
    }
    return { at, offset }
  }

  /** Merges a child with the one to its right if both are nearly empty. */
  #merge(at: number): boolean {
    const left = this.children[at]
    const right = this.children[at + 1]
    if (left === undefined || right === undefined || left.length + right.length > MOST / 2) return false
    if (left instanceof Leaf && right instanceof Leaf) left.absorb(right)
    else if (left instanceof Branch && right instanceof Branch) left.absorb(right)
    removeAt(this.children, at + 1)
    return true
  }
}

function insertAt<T>(array: T[], index: number, item: T): void {
  array.push(item)
  for (let at = array.length - 1; at > index; at--) array[at] = array[at - 1] as T
  array[index] = item
}

function removeAt<T>(array: T[], index: number): void {
  for (let at = index + 1; at < array.length; at++) array[at - 1] = array[at] as T
  array.pop()
}
