import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from './paths.js'

/** The longest that a file of the addon may be, in lines; the linter holds those of TypeScript. */
const LONGEST_FILE = 350

const SOURCES = 'lib/transport/native/src'

/**
 * The layers of lib, lowest first. A file imports from its own layer and from those that its layer uses. A folder
 * stands for all that is in it and not named elsewhere.
 */
const layers: readonly { name: string; files: readonly string[]; uses: readonly string[] }[] = [
  {
    name: 'vocabulary',
    files: [
      'action.ts',
      'address.ts',
      'bytes.ts',
      'checks.ts',
      'errors.ts',
      'promise-like.ts',
      'events.ts',
      'file-region.ts',
      'framing.ts',
      'info.ts',
      'options.ts',
      'input-stream.ts',
      'show.ts',
      'stats.ts',
      'tls.ts',
    ],
    uses: [],
  },
  {
    name: 'parts',
    files: [
      'async-context',
      'clock',
      'forwarding-server',
      'handlers',
      'limits',
      'reply',
      'ticker',
      'timeouts',
      'tokens',
    ].map(name => `loop/${name}.ts`),
    uses: ['vocabulary'],
  },
  {
    name: 'interface',
    files: [
      'blocks',
      'fingerprint',
      'lru-map',
      'hand-over',
      'handshakes',
      'layering',
      'outbox',
      'path-lock',
      'resolve',
      'retry',
      'security',
      'staging',
      'secure-context',
      'tls-address',
      'tls-clients',
      'tls-error',
      'tls-options',
      'tls-trust',
      'handshakes',
      'transport',
      'unix-path',
    ].map(name => `transport/${name}.ts`),
    uses: ['vocabulary', 'parts'],
  },
  { name: 'loop', files: ['loop/'], uses: ['vocabulary', 'parts', 'interface'] },
  {
    name: 'datagrams',
    files: ['transport/udp/'],
    uses: ['vocabulary', 'parts', 'interface'],
  },
  {
    name: 'layers',
    files: ['translate.ts', 'layer/'],
    uses: ['vocabulary', 'parts', 'interface'],
  },
  {
    name: 'transports',
    files: ['transport/'],
    uses: ['vocabulary', 'parts', 'interface', 'datagrams', 'layers'],
  },
  {
    name: 'testing',
    files: ['testing.ts', 'testing/'],
    uses: ['vocabulary', 'parts', 'interface', 'loop', 'transports', 'layers'],
  },
  {
    name: 'entry',
    files: ['loop/serve.ts', 'loop/system-loop.ts', 'loops/', 'index.ts'],
    uses: ['vocabulary', 'parts', 'interface', 'loop', 'transports', 'layers'],
  },
  // A protocol of its own: it knows handlers and what they return, and nothing of the loop or of transports.
  { name: 'http', files: ['http/'], uses: ['vocabulary'] },
  // Above it, with no more of it than types: who handles the upgrade may be another.
  { name: 'websocket', files: ['websocket/'], uses: ['vocabulary', 'http'] },
]

/** The one file that imports a package, and what it imports. */
const FOREIGN = [
  /^lib\/http\/llhttp\.ts imports undici\/lib\/llhttp\//,
  'lib/http/files/media-type.ts imports mrmime',
  'lib/http/files/file-cache.ts imports lru-cache',
]

interface Import {
  readonly from: string
  /** Relative to the root, or what is written where that is no path. */
  readonly to: string
}

function filesIn(folder: string, ending: string): string[] {
  const found = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return found
    .filter(name => name.endsWith(ending) && !/(^|\/)(build|node_modules)\//.test(name))
    .map(name => join(folder, name))
    .sort()
}

/** Those of types as well, and those that are made while the program runs. */
function importsOf(file: string): Import[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true)
  return importedFiles.map(({ fileName: name }) => {
    const to = name.startsWith('.') ? normalize(join(dirname(file), name)).replace(/\.js$/, '.ts') : name
    return { from: file, to }
  })
}

function layerOf(file: string) {
  const inLib = file.slice('lib/'.length)
  return (
    layers.find(({ files }) => files.includes(inLib)) ??
    layers.find(({ files }) => files.some(folder => folder.endsWith('/') && inLib.startsWith(folder)))
  )
}

/** One cycle among imports, or includes, file by file; empty where there is none. */
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

const lib = filesIn('lib', '.ts')
const libImports = lib.flatMap(importsOf)

t.test('the reading itself', async t => {
  t.ok(lib.length > 30 && libImports.length > 100)
  t.ok(libImports.some(({ from, to }) => from === 'lib/loop/serve.ts' && to === 'lib/loop/server.ts'))
  t.ok(libImports.some(({ from, to }) => from === 'lib/events.ts' && to === 'lib/action.ts'))
  const edge = (from: string, to: string) => ({ from, to })
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

t.test('no imports of lib, those of types included, run in a circle', async t => {
  t.strictSame(cycleAmong(libImports), [])
})

t.test('lib imports Node and itself, and nothing else', async t => {
  const foreign = libImports.filter(({ to }) => !to.startsWith('lib/') && !to.startsWith('node:'))
  t.strictSame(
    foreign
      .map(({ from, to }) => `${from} imports ${to}`)
      .filter(text => !FOREIGN.some(known => (known instanceof RegExp ? known.test(text) : known === text))),
    [],
  )
})

t.test('websocket takes nothing but types from http', async t => {
  for (const file of lib.filter(name => name.startsWith('lib/websocket/'))) {
    const values = readFileSync(join(root, file), 'utf8').match(
      /^(?:im|ex)port (?!type\b).*'\.\.\/http\/.*$/gm,
    )
    t.strictSame(values, null, file)
  }
})

t.test(
  'examples import as a program of its users would: revio, Node, each other, and what the dashboard needs',
  async t => {
    const imports = filesIn('examples', '.ts').flatMap(importsOf)
    t.ok(imports.length > 10)
    const foreign = imports.filter(
      ({ to }) =>
        !/^(revio|revio\/(testing|http|websocket)|node:[a-z\d_/]+|prom-client|uplot)$/.test(to) &&
        !to.startsWith('examples/'),
    )
    t.strictSame(
      foreign.map(({ from, to }) => `${from} imports ${to}`),
      [],
    )
  },
)

t.test(
  "the addon's files are no longer than those of TypeScript, and include each other in no circle",
  async t => {
    const files = ['.c', '.h'].flatMap(ending => filesIn(SOURCES, ending))
    const includes = files.flatMap(includesOf)
    t.ok(files.length > 10 && includes.length > 10)
    t.strictSame(cycleAmong(includes), [])
    const long = files.filter(
      file => readFileSync(join(root, file), 'utf8').split('\n').length - 1 > LONGEST_FILE,
    )
    t.strictSame(long, [])
  },
)

function includesOf(file: string): Import[] {
  const found = readFileSync(join(root, file), 'utf8').matchAll(/^#include "(.+)"$/gm)
  return Array.from(found, ([, name = '']) => ({ from: file, to: join(dirname(file), name) }))
}
