import t from 'tap'
import { systemError } from '../../../lib/transport/native/addon.js'
import { openDescriptors } from '../descriptors.js'
import { addon, closesAll, numbers, Program, skip, slab } from './harness.js'

const before = openDescriptors()

await t.test('no program takes the memory of its input from under the addon', { skip }, async t => {
  const program = new Program(t, 'hostile-input')
  t.strictSame(await program.ended(), { code: 0, signal: null }, program.errors)
  const lines = program.output.trim().split('\n')
  t.equal(lines.length, 10)
  for (const line of lines) t.match(line, /: still here$/, line)
})

await t.test('the addon takes no memory that could be detached', { skip }, async t => {
  const { Poller } = addon()
  const whole = [slab(65_536), slab(64), numbers(4), numbers(4)] as const
  const mine = [Buffer.alloc(65_536), Buffer.alloc(64), new Int32Array(4), new Int32Array(4)] as const
  for (const at of [0, 1, 2, 3]) {
    const [input, stage, events, writes] = whole.map((memory, index) => (index === at ? mine[at] : memory))
    t.throws(
      () =>
        new Poller(input as Buffer, stage as Buffer, events as Int32Array, writes as Int32Array, () => {}),
      { code: 'ERR_NATIVE', message: /cannot be detached/ },
    )
  }
  const poller = new Poller(...whole, () => {})
  t.throws(() => (Poller as unknown as (...given: unknown[]) => void)(...whole, () => {}), {
    code: 'ERR_NATIVE',
  })
  t.throws(() => poller.flush.call({} as typeof poller, 0, []), TypeError)
  poller.stop()
})

await t.test('a lent buffer that another one takes away is refused', { skip }, async t => {
  const poller = new (addon().Poller)(slab(65_536), slab(64), numbers(4), numbers(8), () => {})
  const first = new Uint8Array(100_000)
  const lent = [first, first]
  let asked = 0
  Object.defineProperty(lent, 1, {
    get() {
      asked++
      structuredClone(first, { transfer: [first.buffer] })
      return new Uint8Array(1)
    },
  })
  t.equal(poller.flush(0, lent), 2)
  t.equal(asked, 1)
  const stopping = Object.defineProperty([first], 0, { get: () => poller.stop() })
  t.match(systemError(poller.flush(0, stopping)), { code: 'EBADF' }, 'nor does one that stops the poller')
})

await closesAll(t, before)
