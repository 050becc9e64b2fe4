import t from 'tap'
import type { Quiet } from '../messages.js'
import { growth, leftover } from './leftover.js'

const MIB = 2 ** 20

function quiet({
  descriptors = 20,
  opened = 10,
  closed = 8,
  detached = 2,
  heap = 8,
  buffers = 2,
  rss = 80,
} = {}): Quiet {
  return {
    kind: 'quiet',
    descriptors,
    memory: { heap: heap * MIB, buffers: buffers * MIB, rss: rss * MIB },
    counts: {
      opened,
      closed,
      detached,
      nameless: 0,
      latecomers: 0,
      bytes: 0,
      throws: 0,
      pauses: 0,
      codes: {},
    },
  }
}

t.test('nothing is left over when all that was opened has gone', t => {
  t.strictSame(leftover(quiet(), quiet()), [])
  t.strictSame(leftover(quiet(), quiet({ descriptors: 19 })), [])
  t.end()
})

t.test('a descriptor and an opened without an end are left over', t => {
  t.match(leftover(quiet(), quiet({ descriptors: 21 })), [/21 descriptors are open.*before it were 20/])
  t.match(leftover(quiet(), quiet({ closed: 7 })), [
    /10 connections were opened, but 7 closed and 2 detached/,
  ])
  t.match(leftover(quiet(), quiet({ closed: 9 })), [/10 connections were opened/])
  t.end()
})

t.test('memory may breathe, and not grow', t => {
  t.strictSame(growth(quiet(), quiet({ heap: 9, rss: 110 })), [])
  t.match(growth(quiet(), quiet({ heap: 10, buffers: 4 })), [/heap and buffers grew by 4\.0 MiB/])
  t.match(growth(quiet(), quiet({ rss: 200 })), [/the process grew by 120\.0 MiB/])
  t.end()
})
