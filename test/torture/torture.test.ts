import { execFile } from 'node:child_process'
import t, { type Test } from 'tap'
import { built } from '../paths.js'
import { nativeMissing } from '../transport/native/missing.js'

const program = built('test/torture/main.js')
const SEED = 2026

t.setTimeout(180_000)

function torture(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [program, ...args], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    })
  })
}

/** A figure out of the table. */
function figure(stdout: string, label: string): number {
  const cell = new RegExp(`^\\| ${label} \\| ([\\d ]+)`, 'm').exec(stdout)?.[1]
  return Number(cell?.replaceAll(' ', ''))
}

async function survives(t: Test, transport: string): Promise<void> {
  const { code, stdout, stderr } = await torture('--quick', '--transport', transport, '--seed', String(SEED))
  t.equal(code, 0, 'every promise is kept', { stdout, stderr })
  t.ok(figure(stdout, 'connections opened') > 100, 'connections were there')
  t.ok(figure(stdout, 'handlers that threw') > 0, 'handlers threw')
  t.ok(figure(stdout, 'reset or dropped by the client') > 0, 'clients broke connections off')
  t.ok(figure(stdout, 'client processes killed') > 0, 'client processes were killed')
  t.ok(figure(stdout, 'answers to well-behaved clients') > 100, 'well-behaved clients got answers')
}

t.test('Windows has no ulimit', { skip: process.platform !== 'win32' && 'this is not Windows' }, async t => {
  const { code, stderr } = await torture('--quick')
  t.equal(code, 2)
  t.match(stderr, 'Windows')
})

t.test(
  'under a small limit of descriptors',
  { skip: process.platform === 'win32' && 'ulimit is needed' },
  async t => {
    await t.test('net keeps its promises to clients of all kinds', t => survives(t, 'net'))
    await t.test('native keeps its promises to clients of all kinds', { skip: nativeMissing() ?? false }, t =>
      survives(t, 'native'),
    )

    await t.test('a server that loses bytes is found out', async t => {
      const { code, stdout } = await torture(
        '--seconds',
        '3',
        '--connections',
        '40',
        '--transport',
        'net',
        '--fault',
        'lose',
      )
      t.equal(code, 1)
      t.match(stdout, /^broken: net: .*that came back is not the stream's$/m)
    })

    await t.test('a thousand connections of one question each leave nothing behind', async t => {
      const { code, stdout, stderr } = await torture('--short', '1000', '--transport', 'net')
      t.equal(code, 0, 'every promise is kept', { stdout, stderr })
      t.equal(figure(stdout, 'judged from both sides'), 1000)
    })
  },
)

t.test('what is typed wrong is named, and nothing is run', async t => {
  const { code, stdout, stderr } = await torture('--speed', '3')
  t.equal(code, 2)
  t.equal(stdout, '')
  t.match(stderr, /^torture: .*--speed.*see --help\n$/)
})

t.test('--help tells of every option', async t => {
  const { code, stdout } = await torture('--help')
  t.equal(code, 0)
  for (const option of ['seconds', 'seed', 'transport', 'connections', 'short', 'quick', 'write', 'fault']) {
    t.match(stdout, `--${option}`)
  }
})
