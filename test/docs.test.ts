import { join } from 'node:path'
import t from 'tap'
import { Action } from '../lib/index.js'
import { datagramLimits, defaultLimits } from '../lib/loop/limits.js'
import { brokenLinks, type Page, readPages } from './docs/pages.js'
import { compile, exportsOf, isFragment, membersOf, stringsOf } from './docs/program.js'
import { isRun, run } from './docs/run.js'

/** Those whose every member a program may use. */
const interfaces = [
  ...['Info', 'Address'].map(name => ['lib/info.ts', name] as const),
  ['lib/options.ts', 'Options'],
  ['lib/events.ts', 'Server'],
  ['lib/stats.ts', 'Stats'],
  ...['SimulationOptions', 'ConnectOptions', 'Simulation'].map(
    name => ['lib/testing/types.ts', name] as const,
  ),
  ...['PeerOptions', 'Peer'].map(name => ['lib/testing/peer.ts', name] as const),
  ['lib/http/handlers.ts', 'HttpHandlers'],
  ...['HttpRequest', 'HttpResponse'].map(name => ['lib/http/message.ts', name] as const),
  ['lib/http/limits.ts', 'HttpOptions'],
  ['lib/http/files/file-body.ts', 'FileOptions'],
  ['lib/websocket/handlers.ts', 'WebSocketHandlers'],
  ['lib/websocket/options.ts', 'WebSocketOptions'],
]

/** What a program may import from. */
const entries = ['lib/index.ts', 'lib/testing.ts', 'lib/http/index.ts', 'lib/websocket/index.ts']

const pages = readPages()
const samples = pages.flatMap(({ samples }) => samples)
const folder = t.testdir({})
const program = compile(samples, folder)

t.test('every sample is TypeScript that compiles', async t => {
  t.ok(samples.length > 0)
  t.strictSame(program.faults, [])
  const fragments = samples.filter(isFragment).map(({ page, line }) => `${page}:${line}`)
  t.ok(fragments.length <= 4, `few samples cannot stand alone: ${fragments.join(', ')}`)
})

t.test(
  'every sample that says how to run it does what it says',
  { skip: program.faults.length > 0 },
  async t => {
    const runs = samples.filter(isRun)
    t.ok(runs.length > 0)
    const left = runs.values()
    const some = async () => {
      for (const sample of left) {
        const where = `${sample.page}:${sample.line}`
        const place = join(folder, where.replaceAll(/\W/g, '-'))
        await t.resolves(run(sample, program.built(sample), place), where)
      }
    }
    await Promise.all([some(), some(), some(), some()])
  },
)

t.test('every link leads somewhere', async t => {
  t.strictSame(brokenLinks(pages), [])
})

t.test('the reference names what is public', async t => {
  const api = textOf(pages, 'docs/api.md')
  for (const path of entries) {
    t.strictSame(unnamed(exportsOf(program, path), api), [], path)
  }
  for (const [path, name] of interfaces) {
    t.strictSame(unnamed(membersOf(program, path, name), sectionOf(api, name)), [], `${name} of ${path}`)
  }
  // `Events` is a type over this interface.
  const handlers = membersOf(program, 'lib/events.ts', 'Handlers')
  t.ok(handlers.length > 0)
  t.strictSame(unnamed(handlers, sectionOf(api, 'Events')), [], 'handlers')
})

t.test('the reference has the defaults and the values that the code has', async t => {
  const api = textOf(pages, 'docs/api.md')
  const defaults = sectionOf(api, 'Options')
  for (const [name, limit] of Object.entries(defaultLimits)) t.equal(defaultIn(defaults, name), limit, name)
  t.match(defaults, `${datagramLimits.idleTimeout / 1000} 000 for datagrams`)
  for (const [name, value] of Object.entries(Action)) t.match(api, `| \`Action.${name}\` | ${value} |`)
})

t.test('the codes of errors and their page name each other', async t => {
  const rows = sectionOf(textOf(pages, 'docs/errors.md'), 'Raised by revio').split('\n')
  const described = rows.flatMap(row => /^\|([^|]*)\|/.exec(row)?.[1]?.match(/[A-Z][A-Z_]+(?=`)/g) ?? [])
  t.strictSame([...new Set(described)].toSorted(), stringsOf(program, 'lib/errors.ts', 'Code').toSorted())
})

function textOf(pages: readonly Page[], path: string): string {
  const page = pages.find(page => page.path === path)
  if (page === undefined) throw new Error(`${path} is not there`)
  return page.text
}

/** What stands under a heading, down to the next one of its rank or above. */
function sectionOf(text: string, heading: string): string {
  const lines = text.split('\n')
  const start = lines.findIndex(line => new RegExp(`^#+ \`?${heading}\`?$`).test(line))
  const rank = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 0
  const length = lines.slice(start + 1).findIndex(line => new RegExp(`^#{1,${rank}} `).test(line))
  return start < 0 ? '' : lines.slice(start, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The second cell of an option's row, as a value: `30 000`, `1 MiB`, `false`; what is behind a semicolon is a case of its own. */
function defaultIn(table: string, name: string): number | boolean | undefined {
  const cell = new RegExp(`^\\| \`${name}\` \\| ([^|;]*)`, 'm')
    .exec(table)?.[1]
    ?.trim()
    .replaceAll(/[ `]/g, '')
  if (cell === 'true' || cell === 'false') return cell === 'true'
  const [, amount, unit] = /^(\d+)(MiB)?$/.exec(cell ?? '') ?? []
  return amount === undefined ? undefined : Number(amount) * (unit === undefined ? 1 : 1024 * 1024)
}

/** Those of the names that stand in `text` neither as a heading nor as code, alone or with what belongs to them. */
function unnamed(names: readonly string[], text: string): readonly string[] {
  return names.filter(name => !new RegExp(`^#+ ${name}$|\`(?:new |\\w+\\.)*${name}[\`(=]`, 'm').test(text))
}
