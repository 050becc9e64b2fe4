import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { descendants, Family, nanosecondsIn, parentIn } from '../../benchmarks/family.js'
import * as measure from '../../benchmarks/measure.js'
import { busyTicksIn, kilobytesIn, ticksIn } from '../../benchmarks/measure.js'
import { synsIn } from '../../benchmarks/syns.js'

t.test('CPU time is read behind a name with blanks and parentheses', async t => {
  const stat = '42 (a) (b c)) S 1 42 42 0 -1 4194560 1 0 0 0 150 25 7 8 20 0 11 0 100 1 2'
  t.equal(ticksIn(stat), 175)
})

t.test('memory is read by its name', async t => {
  const status = 'Name:\tnode\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\n'
  t.equal(kilobytesIn(status, 'VmRSS'), 1024)
  t.equal(kilobytesIn(status, 'VmHWM'), 2048)
  t.throws(() => kilobytesIn(status, 'VmSwap'), /no VmSwap/)
})

t.test('a process belongs to the one that started it, and so do those that it started', async t => {
  t.equal(parentIn('42 (a) (b c)) S 17 42 42 0 -1'), 17)
  t.equal(nanosecondsIn('129384 33 2\n'), 129_384)
  const parents = new Map([
    [2, 1],
    [3, 1],
    [4, 3],
    [5, 2],
  ])
  t.same(descendants(3, parents), [3, 4])
  t.same(descendants(1, parents), [1, 2, 5, 3, 4])
})

t.test('what the kernel counts of SYNs is found by its name', async t => {
  const netstat = `TcpExt: SyncookiesSent ListenOverflows TCPSynRetrans
TcpExt: 0 17 4
IpExt: InNoRoutes
IpExt: 1
`
  t.same(synsIn(netstat), { again: 4, overflows: 17 })
  t.throws(() => synsIn('TcpExt: ListenOverflows\nTcpExt: 0\n'), /no TCPSynRetrans/)
})

t.test("idle time and the guests' second count are not busy", async t => {
  t.equal(busyTicksIn('cpu  1 2 4 1000 1000 8 16 32 64 128\ncpu0 1 1 1 1 1 1 1 1 0 0\n'), 63)
})

t.test(
  'a process at work uses CPU and memory',
  { skip: process.platform !== 'linux' && 'it reads /proc' },
  async t => {
    const before = measure.cpuSeconds(process.pid)
    const until = performance.now() + 100
    while (performance.now() < until);
    const used = measure.cpuSeconds(process.pid) - before
    t.ok(used > 0 && used < 5, `${used} s of CPU in 0.1 s`)
    const bytes = measure.residentBytes(process.pid)
    t.ok(bytes > 2 ** 20 && measure.peakBytes(process.pid) >= bytes * 0.9)
    measure.forgetPeak(process.pid)
    t.ok(measure.peakBytes(process.pid) > 2 ** 20)
    const child = spawn('cat')
    await once(child, 'spawn')
    const family = new Family(process.pid)
    t.ok(family.pids.includes(process.pid) && family.pids.includes(child.pid ?? 0))
    t.ok(family.cpuSeconds() >= used * 0.9)
    t.ok(family.peakBytes() > measure.peakBytes(process.pid))
    child.stdin.end()
    await once(child, 'close')
  },
)
