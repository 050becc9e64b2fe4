import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Authority, certificatesMissing } from '../transport/tls/certificates.js'
import { readPages } from './pages.js'

/** All blocks of a language in the documents. */
function blocks(language: string): readonly { where: string; text: string }[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm')
  return readPages().flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(([, block = ''], index) => ({
      where: `${path}, ${index + 1}`,
      text: block,
    })),
  )
}

/** Why a program cannot be asked; false where it can. */
const missing = (program: string, version: string) =>
  spawnSync(program, [version]).status !== 0 && `${program} is not installed`

t.test(
  'haproxy takes the configurations',
  { skip: missing('haproxy', '-v') || (certificatesMissing() ?? false) },
  async t => {
    const all = blocks('haproxy')
    t.ok(all.length > 0)
    const { cert, key } = new Authority()
    for (const { where, text } of all) {
      const folder = t.testdir({ 'app.pem': cert + key })
      const own = join(folder, 'haproxy.cfg')
      writeFileSync(own, text.replaceAll('/etc/haproxy/app.pem', join(folder, 'app.pem')))
      const { status, stderr } = spawnSync('haproxy', ['-c', '-f', own], { encoding: 'utf8' })
      t.equal(status, 0, `${where}: ${stderr}`)
      t.notMatch(stderr, /WARNING|ALERT/, where)
    }
  },
)

t.test('systemd takes the units', { skip: missing('systemd-analyze', '--version') }, async t => {
  const units = blocks('ini').map(({ text }) => [/^# (\S+)/.exec(text)?.[1] ?? '', text] as const)
  t.ok(units.length > 0)
  // Where Node is, differs.
  const text = (unit: string) => unit.replace('/usr/bin/node', process.execPath)
  const folder = t.testdir(Object.fromEntries(units.map(([name, unit]) => [name, text(unit)])))
  const paths = units.map(([name]) => join(folder, name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  })
  t.equal(status, 0, stderr)
  t.notMatch(stderr, folder, 'nothing to say about them')
})
