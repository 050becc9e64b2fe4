import t from 'tap'
import { gist } from '../../benchmarks/children.js'
import { caption, commandOf } from '../../benchmarks/machine.js'
import { demand, isInstalled, MissingProgram } from '../../benchmarks/programs.js'

t.test('the caption has machine, versions, date and command', async t => {
  const [machine, versions, run] = caption(
    ['A 1', 'B 2', 'A 1'],
    'npm run bench',
    0,
    new Date('2026-11-21T23:59:00Z'),
  )
  t.match(machine, /\d+ cores?, \d+ GiB, \w+ \d/)
  t.equal(versions, 'A 1, B 2')
  t.equal(run, '2026-11-21, npm run bench')
  t.match(caption([], '', 1.25)[0], /1\.3 cores in use by other programs|1\.2 cores in use by other programs/)
})

t.test('the command can be typed as it is shown', async t => {
  t.equal(commandOf([]), 'npm run bench')
  t.equal(
    commandOf(['echo', '--servers', "it's me", '--size=1,2']),
    "npm run bench -- echo --servers 'it'\\''s me' --size=1,2",
  )
})

t.test('a missing program is named with its package', async t => {
  const nowhere = { command: 'no-such-program-anywhere', package: 'nowhere-utils' }
  t.notOk(isInstalled(nowhere))
  t.throws(() => demand(nowhere), MissingProgram)
  t.throws(
    () => demand(nowhere),
    /no-such-program-anywhere is not installed \(Debian package: nowhere-utils\)/,
  )
})

t.test('of an uncaught error the message and the code are kept', async t => {
  const stack =
    "file.js:1\n  throw\n  ^\n\nRevioError: no addon\n    at x (file.js:1:1) {\n  code: 'ERR_NATIVE'\n}\n"
  t.equal(gist(stack), 'RevioError: no addon (ERR_NATIVE)')
  t.equal(gist('Error: plain\n    at x\n'), 'Error: plain')
  t.equal(gist(' bind: in use \n'), 'bind: in use')
})
