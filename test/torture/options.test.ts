import t from 'tap'
import { readOptions, UsageError } from './options.js'

t.test('without options both transports are run for some minutes', t => {
  t.match(readOptions([]), { seconds: 180, transports: ['native', 'net'], connections: 300, short: 0 })
  t.match(readOptions(['--quick', '--transport=net', '--seed', '9']), {
    seconds: 3,
    transports: ['net'],
    connections: 100,
    seed: 9,
  })
  t.match(readOptions(['--quick', '--seconds', '60']), { seconds: 60 })
  t.end()
})

t.test('--help asks for nothing else', t => {
  t.equal(readOptions(['--help']), undefined)
  t.end()
})

t.test('what is typed wrong is named', t => {
  const wrong: [string[], RegExp][] = [
    [['--speed', '3'], /--speed/],
    [['fast'], /fast/],
    [['--seconds'], /--seconds/],
    [['--seconds', '0'], /--seconds.*'0'/],
    [['--seconds', '1.5'], /--seconds.*'1\.5'/],
    [['--connections', '3'], /--connections.*from 10.*'3'/],
    [['--transport', 'udp'], /--transport.*'udp'/],
    [['--fault', 'none'], /--fault.*'none'/],
    [['--quick=yes'], /--quick/],
  ]
  for (const [args, message] of wrong) {
    t.throws(() => readOptions(args), { message, constructor: UsageError }, args.join(' '))
  }
  t.end()
})
