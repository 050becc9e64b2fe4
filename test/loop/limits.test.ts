import t from 'tap'
import type { Options } from '../../lib/index.js'
import {
  datagramLimits,
  defaultLimits,
  keepAliveSeconds,
  limitsOf,
  readOptions,
} from '../../lib/loop/limits.js'

t.test('what is not given is the default of its kind', async t => {
  t.strictSame(limitsOf({}, defaultLimits), defaultLimits)
  t.strictSame(limitsOf({}, datagramLimits), datagramLimits)
  t.match(defaultLimits, {
    highWaterMark: 2 ** 20,
    maxPending: 2 ** 24,
    writeTimeout: 30_000,
    idleTimeout: 0,
  })
  t.equal(datagramLimits.idleTimeout, 60_000)
})

t.test('what is given counts, 0 and undefined as well', async t => {
  const given: Options = { idleTimeout: 0, highWaterMark: 0, maxPending: 5, reuseInputBuffer: true }
  t.strictSame(limitsOf(given, datagramLimits), { ...datagramLimits, ...given })
  const absent = { idleTimeout: undefined, maxPending: undefined } as unknown as Options
  t.strictSame(limitsOf(absent, datagramLimits), datagramLimits)
})

t.test('options that are no limits are taken', async t => {
  const options: Options<number> = {
    context: 5,
    keepAlive: 1000,
    noDelay: false,
    paused: true,
    halfOpen: true,
  }
  t.strictSame(limitsOf(options, defaultLimits), { ...defaultLimits, halfOpen: true })
})

t.test('no end to any of them may be asked for', async t => {
  const all = Number.POSITIVE_INFINITY
  const given = { idleTimeout: all, highWaterMark: all, maxPending: all, writeTimeout: all }
  t.strictSame(limitsOf(given, defaultLimits), { ...defaultLimits, ...given })
})

t.test('keepAlive counts in whole seconds, and any length that is finite can be asked for', async t => {
  for (const [milliseconds, seconds] of [
    [0, 0],
    [0.5, 1],
    [999, 1],
    [1000, 1],
    [1001, 2],
    [2 ** 31 * 1000, 32_767],
    [1e21, 32_767],
    [Number.MAX_VALUE, 32_767],
  ] as const) {
    t.equal(keepAliveSeconds(milliseconds), seconds, `${milliseconds} ms`)
  }
})

t.test('what is wrong is named, with its value', async t => {
  for (const [options, message] of [
    [{ timeout: 5 }, /unknown option "timeout"; known options are .*idleTimeout/],
    [{ idleTimeout: -1 }, /idleTimeout: expected a non-negative number; received -1/],
    [{ keepAlive: Number.POSITIVE_INFINITY }, /keepAlive: expected a finite number; received Infinity/],
    [{ keepAlive: true }, /keepAlive: .*; received true/],
    [{ highWaterMark: '5' }, /highWaterMark: .*; received 5/],
    [{ maxPending: Number.NaN }, /maxPending: .*; received NaN/],
    [{ writeTimeout: null }, /writeTimeout: .*; received null/],
    [{ noDelay: 1 }, /noDelay: expected true or false; received 1/],
    [{ paused: 'no' }, /paused: .*; received no/],
    [{ halfOpen: 0 }, /halfOpen: .*; received 0/],
    [{ reuseInputBuffer: null }, /reuseInputBuffer: .*; received null/],
    [null, /an object; received null/],
    ['paused', /an object; received paused/],
  ] as [Options, RegExp][]) {
    t.throws(() => limitsOf(readOptions(options), defaultLimits), { code: 'ERR_OPTION', message })
  }
})
