import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './paths.js'

/** The longest that a file, and a function, may be. In lines. */
const LONGEST_FILE = 350
const LONGEST_FUNCTION = 40

/**
 * The layers of lib, lowest first. A file imports from its own layer and from those that its layer uses. A folder
 * stands for all that is in it and not named elsewhere.
 */
const layers: readonly { name: string; files: readonly string[]; uses: readonly string[] }[] = [
  {
    name: 'vocabulary',
    files: ['action.ts', 'address.ts', 'bytes.ts', 'errors.ts', 'events.ts', 'input-stream.ts'],
    uses: [],
  },
  {
    name: 'parts',
    files: ['clock', 'drain', 'forwarding-server', 'limits', 'reply', 'ticker', 'timeouts', 'tokens'].map(
      name => `loop/${name}.ts`,
    ),
    uses: ['vocabulary'],
  },
  {
    name: 'interface',
    files: ['outbox', 'path-lock', 'resolve', 'staging', 'transport', 'unix-path'].map(
      name => `transport/${name}.ts`,
    ),
    uses: ['vocabulary', 'parts'],
  },
  { name: 'loop', files: ['loop/'], uses: ['vocabulary', 'parts', 'interface'] },
  {
    name: 'datagrams',
    files: ['transport/udp/'],
    uses: ['vocabulary', 'parts', 'interface'],
  },
  {
    name: 'transports',
    files: ['transport/'],
    uses: ['vocabulary', 'parts', 'interface', 'datagrams'],
  },
  { name: 'layers', files: ['translate.ts', 'layer/'], uses: ['vocabulary', 'parts'] },
  {
    name: 'testing',
    files: ['testing.ts', 'testing/'],
    uses: ['vocabulary', 'parts', 'interface', 'loop', 'transports'],
  },
  {
    name: 'entry',
    files: ['loop/serve.ts', 'index.ts'],
    uses: ['vocabulary', 'parts', 'interface', 'loop', 'transports', 'layers'],
  },
]

interface Import {
  readonly from: string
  /** Relative to the root, or what is written where that is no path. */
  readonly to: string
  /** Nothing of it is left when the program runs. */
  readonly typeOnly: boolean
}

function filesIn(folder: string, ending: string): string[] {
  const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return found
    .filter(name => name.endsWith(ending) && !/(^|\/)(build|node_modules)\//.test(name))
    .map(name => join(folder, name))
    .sort()
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
}

function importsOf(file: string): Import[] {
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean) => {
    const to = specifier.startsWith('.')
      ? normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts')
      : specifier
    found.push({ from: file, to, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, isTypeOnly(node.importClause))
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add((node.moduleSpecifier as ts.StringLiteral).text, node.isTypeOnly)
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments
      if (specifier !== undefined && ts.isStringLiteral(specifier)) add(specifier.text, false)
    } else if (ts.isImportTypeNode(node)) {
      add(((node.argument as ts.LiteralTypeNode).literal as ts.StringLiteral).text, true)
    }
    ts.forEachChild(node, visit)
  }
  visit(parse(file))
  return found
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { namedBindings } = clause
  return (
    clause.name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.every(element => element.isTypeOnly)
  )
}

function layerOf(file: string) {
  const inLib = file.slice('lib/'.length)
  return (
    layers.find(({ files }) => files.includes(inLib)) ??
    layers.find(({ files }) => files.some(folder => folder.endsWith('/') && inLib.startsWith(folder)))
  )
}

/** One cycle among the imports, file by file; empty where there is none. */
function cycleAmong(imports: readonly Import[]): string[] {
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): string[] => {
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    if (done.has(file)) return []
    done.add(file)
    path.push(file)
    for (const { from, to } of imports) {
      if (from !== file) continue
      const cycle = walk(to)
      if (cycle.length > 0) return cycle
    }
    path.pop()
    return []
  }
  for (const { from } of imports) {
    const cycle = walk(from)
    if (cycle.length > 0) return cycle
  }
  return []
}

function longFunctionsIn(file: string): string[] {
  const source = parse(file)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const lines = source.getLineAndCharacterOfPosition(node.getEnd()).line - first + 1
      if (lines > LONGEST_FUNCTION) found.push(`${file}:${first + 1}: ${lines} lines`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

const lib = filesIn('lib', '.ts')
const libImports = lib.flatMap(importsOf)

t.test('the reading itself', async t => {
  t.ok(lib.length > 30 && libImports.length > 100)
  t.match(
    libImports.find(({ from, to }) => from === 'lib/loop/serve.ts' && to === 'lib/loop/loop.ts'),
    { typeOnly: false },
  )
  t.match(
    libImports.find(({ from, to }) => from === 'lib/events.ts' && to === 'lib/action.ts'),
    { typeOnly: true },
  )
  const edge = (from: string, to: string) => ({ from, to, typeOnly: false })
  t.strictSame(cycleAmong([edge('a', 'b'), edge('b', 'c'), edge('a', 'c')]), [])
  t.strictSame(cycleAmong([edge('a', 'b'), edge('b', 'c'), edge('c', 'b')]), ['b', 'c', 'b'])
})

t.test('every file of lib is in a layer, and every layer only uses those below it', async t => {
  for (const file of lib) t.ok(layerOf(file), `${file} has its place in the list of layers`)
  for (const [index, { name, uses }] of layers.entries()) {
    const below = layers.slice(0, index).map(layer => layer.name)
    t.strictSame(
      uses.filter(used => !below.includes(used)),
      [],
      name,
    )
  }
})

t.test('imports point down', async t => {
  for (const { from, to } of libImports) {
    if (!to.startsWith('lib/')) continue
    const layer = layerOf(from)
    const target = layerOf(to)
    if (layer === target || layer?.uses.includes(target?.name ?? '')) continue
    t.fail(`${from} (${layer?.name}) imports ${to} (${target?.name})`)
  }
})

t.test('there is no cycle of imports', async t => {
  t.strictSame(cycleAmong(libImports.filter(({ typeOnly }) => !typeOnly)), [])
})

t.test('lib imports Node and itself, and nothing else', async t => {
  const foreign = libImports.filter(({ to }) => !to.startsWith('lib/') && !to.startsWith('node:'))
  t.strictSame(
    foreign.map(({ from, to }) => `${from} imports ${to}`),
    [],
  )
})

t.test('examples import revio, Node and each other, as a program of its users would', async t => {
  const imports = filesIn('examples', '.ts').flatMap(importsOf)
  t.ok(imports.length > 10)
  const foreign = imports.filter(
    ({ to }) => !/^(revio|revio\/testing|node:[a-z\d_/]+)$/.test(to) && !to.startsWith('examples/'),
  )
  t.strictSame(
    foreign.map(({ from, to }) => `${from} imports ${to}`),
    [],
  )
  t.strictSame(cycleAmong(imports.filter(({ typeOnly }) => !typeOnly)), [])
})

t.test('no file is too long', async t => {
  const files = [
    ...['lib', 'examples', 'benchmarks', 'test'].flatMap(folder => filesIn(folder, '.ts')),
    ...['.c', '.h'].flatMap(ending => filesIn('lib/transport/native/src', ending)),
  ]
  const long = files
    .map(file => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE)
  t.strictSame(
    long.map(({ file, lines }) => `${file}: ${lines} lines`),
    [],
  )
})

t.test('no function is too long', async t => {
  const files = ['lib', 'examples', 'benchmarks'].flatMap(folder => filesIn(folder, '.ts'))
  t.strictSame(files.flatMap(longFunctionsIn), [])
})

t.test('nothing is exported without a name', async t => {
  const files = ['lib', 'examples', 'benchmarks'].flatMap(folder => filesIn(folder, '.ts'))
  const unnamed = files.filter(file => parse(file).statements.some(isDefaultExport))
  t.strictSame(unnamed, [])
})

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false
}
