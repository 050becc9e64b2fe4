import type { Random } from '../../examples/redis/random.js'

/**
 * A notation for what may follow a command's name:
 *
 * - `WORD` is itself, `<word>` something that `words.ts` makes;
 * - `[ … ]` may be there, `( … | … )` is one of several;
 * - `( … )+` or `<word>+` is there once or more often, with `*` perhaps not at all;
 * - `{ … ; … }` are options: each may be there, in any order.
 */
export type Node =
  | { kind: 'literal'; text: string }
  | { kind: 'word'; name: string }
  | { kind: 'sequence'; parts: readonly Node[] }
  | { kind: 'choice'; parts: readonly Node[] }
  | { kind: 'options'; parts: readonly Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number }

/** @throws where a bracket is left open or closed twice. */
export function parse(text: string): Node {
  const tokens = text.split(/\s+/).filter(token => token !== '')
  const { node, next } = readAlternatives(tokens, 0, '|', 'choice')
  if (next < tokens.length) throw new Error(`"${text}": ${tokens[next]} closes nothing`)
  return node
}

interface Read {
  node: Node
  next: number
}

function readAlternatives(
  tokens: readonly string[],
  start: number,
  separator: string,
  kind: 'choice' | 'options',
): Read {
  const parts: Node[] = []
  let { node, next } = readSequence(tokens, start)
  parts.push(node)
  while (tokens[next] === separator) {
    ;({ node, next } = readSequence(tokens, next + 1))
    parts.push(node)
  }
  return { node: kind === 'choice' && parts.length === 1 ? node : { kind, parts }, next }
}

function readSequence(tokens: readonly string[], start: number): Read {
  const parts: Node[] = []
  let at = start
  for (
    let token = tokens[at];
    token !== undefined && !/^([|;\]}]|\)[+*]?)$/.test(token);
    token = tokens[at]
  ) {
    const { node, next } = readOne(tokens, at, token)
    parts.push(node)
    at = next
  }
  return { node: { kind: 'sequence', parts }, next: at }
}

function readOne(tokens: readonly string[], at: number, token: string): Read {
  if ('[({'.includes(token)) {
    const options = token === '{'
    const { node, next } = readAlternatives(
      tokens,
      at + 1,
      options ? ';' : '|',
      options ? 'options' : 'choice',
    )
    const closing = tokens[next] ?? ''
    if (!closing.startsWith({ '[': ']', '(': ')', '{': '}' }[token] ?? ''))
      throw new Error(`${token} stays open`)
    if (token === '[') return { node: { kind: 'repeat', part: node, least: 0, most: 1 }, next: next + 1 }
    return { node: repeated(node, closing), next: next + 1 }
  }
  const [, name, suffix = ''] = /^<([a-z]+)>([+*]?)$/.exec(token) ?? []
  const node: Node = name === undefined ? { kind: 'literal', text: token } : { kind: 'word', name }
  return { node: repeated(node, suffix), next: at + 1 }
}

function repeated(part: Node, suffix: string): Node {
  if (suffix.endsWith('+')) return { kind: 'repeat', part, least: 1, most: 4 }
  return suffix.endsWith('*') ? { kind: 'repeat', part, least: 0, most: 3 } : part
}

/** Arguments, as strings of bytes (latin1), that a grammar allows. `word` makes what a name stands for. */
export function produce(node: Node, random: Random, word: (name: string) => readonly string[]): string[] {
  const make = (part: Node) => produce(part, random, word)
  switch (node.kind) {
    case 'literal':
      return [random.below(4) === 0 ? node.text.toLowerCase() : node.text]
    case 'word':
      return [...word(node.name)]
    case 'sequence':
      return node.parts.flatMap(make)
    case 'choice':
      return make(random.pick(node.parts))
    case 'options':
      return shuffled(node.parts, random)
        .filter(() => random.below(2) === 0)
        .flatMap(make)
    case 'repeat':
      return Array.from({ length: node.least + random.below(node.most - node.least + 1) }, () =>
        make(node.part),
      ).flat()
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = random.below(at + 1)
    const item = all[at] as T
    all[at] = all[other] as T
    all[other] = item
  }
  return all
}

/** The literals and the names of words in a grammar. */
export function* leaves(node: Node): Generator<{ kind: 'literal' | 'word'; text: string }> {
  if (node.kind === 'literal') yield { kind: 'literal', text: node.text }
  else if (node.kind === 'word') yield { kind: 'word', text: node.name }
  else if (node.kind === 'repeat') yield* leaves(node.part)
  else for (const part of node.parts) yield* leaves(part)
}
