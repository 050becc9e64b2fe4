import { Action, type Events, type Reply } from '../../../lib/index.js'
import { digest, pattern } from '../pattern.js'
import type { Rules } from './rule.js'

/** Handlers of half-open connections that record their events. */
function halfOpen(events: Events, log: string[]): Events {
  return {
    ...events,
    opened: (id, info) => events.opened?.(id, info) ?? [null, { halfOpen: true }],
    data(id, input) {
      log.push(`data ${input}`)
      return events.data?.(id, input, undefined)
    },
    ended(id) {
      log.push('ended')
      return events.ended?.(id, undefined)
    },
    closed(_id, error) {
      log.push(`closed ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
    },
  }
}

/** Connections of which one side has ended and the other continues. */
export const halfOpenness: Rules = {
  'the end of the peer is told once, behind its input, and output goes on': async (t, world) => {
    const log: string[] = []
    let id = 0
    const { server } = await world.serve(
      halfOpen(
        {
          ended(given) {
            id = given
            return ['ended.']
          },
        },
        log,
      ),
    )
    const peer = world.connect(server).send('x').end()
    await world.until('the end', () => peer.received === 'ended.')
    t.strictSame(log, ['data x', 'ended'])
    t.ok(server.send(id, 'later.'))
    await world.until('more', () => peer.received === 'ended.later.')
    t.equal(peer.ended, false)
    t.equal(server.connections, 1)
    t.ok(server.wake(id))
    await world.until('the wake', () => log.length === 3)
    t.ok(server.send(id, 'last.', Action.Close))
    await world.until('the close', () => peer.ended && log.length === 4)
    t.equal(peer.received, 'ended.later.last.')
    t.strictSame(log, ['data x', 'ended', 'data null', 'closed in order'])
  },

  'End ends the output alone: the input goes on, and the connection closes when the peer ends': async (
    t,
    world,
  ) => {
    const log: string[] = []
    const { server } = await world.serve(
      halfOpen({ data: (_id, input) => (String(input) === 'a' ? ['all', Action.End] : undefined) }, log),
    )
    const peer = world.connect(server, { allowHalfOpen: true }).send('a')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'all')
    peer.send('b')
    await world.until('more input', () => log.length === 2)
    peer.end()
    await world.until('the close', () => log.length === 4)
    t.strictSame(log, ['data a', 'data b', 'ended', 'closed in order'])
  },

  'End needs no halfOpen, and may come from opened, send, and a promised reply': async (t, world) => {
    for (const from of ['opened', 'send', 'promise']) {
      const log: string[] = []
      const { server } = await world.serve({
        opened: () => (from === 'opened' ? ['bye', {}, Action.End] : undefined),
        data(id, input): Reply | Promise<Reply> {
          log.push(`data ${input}`)
          if (from === 'send' && String(input) === 'a') t.ok(server.send(id, 'bye', Action.End))
          if (from === 'promise' && String(input) === 'a') return Promise.resolve(['bye', Action.End])
        },
        closed: (_id, error) => void log.push(`closed ${error}`),
      })
      const peer = world.connect(server, { allowHalfOpen: true }).send('a')
      await world.until('the end', () => peer.ended && log.length === 1)
      peer.send('b')
      await world.until('more input', () => log.length === 2)
      peer.end()
      await world.until('the close', () => log.length === 3)
      t.strictSame(log, ['data a', 'data b', 'closed undefined'], from)
      t.equal(peer.received, 'bye')
    }
  },

  'End is sent behind all pending output': async (t, world) => {
    const out = pattern(1.5 * world.much)
    const log: string[] = []
    const { server } = await world.serve(halfOpen({ data: () => [out, Action.End] }, log))
    const peer = world.connect(server, { allowHalfOpen: true, paused: true }).send('x')
    await world.until('the input', () => log.length === 1)
    peer.end()
    await world.pass(20)
    peer.resume()
    await world.until('the end', () => peer.ended && log.length === 3)
    t.equal(digest(peer.receivedBytes), digest(out))
    t.strictSame(log, ['data x', 'ended', 'closed in order'])
  },

  'output after End is not taken': async (t, world) => {
    const log: string[] = []
    let id = 0
    const { server } = await world.serve(
      halfOpen(
        {
          data(given, input): Reply {
            if (input === null) return
            id = given
            server.send(id, 'one.', { action: Action.End })
            t.equal(server.send(id, 'two.'), false)
            return ['three.', Action.None, 'token']
          },
          sent(_id, token, error) {
            log.push(`${token} ${(error as NodeJS.ErrnoException | undefined)?.code}`)
          },
        },
        log,
      ),
    )
    const peer = world.connect(server, { allowHalfOpen: true }).send('x')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'one.')
    t.equal(server.send(id, 'four.'), false)
    t.ok(server.wake(id), 'the connection is open')
    await world.until('the wake', () => log.length === 2)
    peer.end()
    await world.until('the close', () => log.length === 5)
    t.strictSame(log, ['data x', 'data null', 'ended', 'token EPIPE', 'closed in order'])
  },

  'Close after End closes': async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve(
      halfOpen({ data: (_id, input) => [null, String(input) === 'a' ? Action.End : Action.Close] }, log),
    )
    const peer = world.connect(server, { allowHalfOpen: true }).send('a')
    await world.until('the end', () => peer.ended)
    peer.send('b')
    await world.until('the close', () => log.length === 3)
    t.strictSame(log, ['data a', 'data b', 'closed in order'])
  },

  'when both have ended the connection closes, whoever was first': async (t, world) => {
    for (const first of ['peer', 'server']) {
      const log: string[] = []
      let id = 0
      const { server } = await world.serve(
        halfOpen(
          {
            opened(given) {
              id = given
              return [null, { halfOpen: true }]
            },
          },
          log,
        ),
      )
      const peer = world.connect(server, { allowHalfOpen: true })
      await world.until('a connection', () => id > 0)
      if (first === 'peer') {
        peer.end()
        await world.until('the first end', () => log.length === 1)
        t.ok(server.send(id, null, Action.End))
      } else {
        t.ok(server.send(id, null, Action.End))
        await world.until('the first end', () => peer.ended)
        peer.end()
      }
      await world.until('the close', () => log.length === 2 && peer.ended)
      t.strictSame(log, ['ended', 'closed in order'], first)
    }
  },

  'one that is paused when both have ended closes once it is resumed': async (t, world) => {
    const told: string[] = []
    const { server } = await world.serve({
      opened: () => [null, { halfOpen: true }],
      ended(id) {
        told.push('ended')
        server.pause(id)
        return ['the last', Action.End]
      },
      closed: (_id, error) => void told.push(`closed ${error}`),
    })
    const peer = world.connect(server, { allowHalfOpen: true }).end()
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'the last')
    await world.pass(20)
    t.strictSame(told, ['ended'])
    server.resume(1)
    await world.until('closed', () => told.length === 2)
    t.strictSame(told, ['ended', 'closed undefined'])
  },

  'ended may promise, and may throw': async (t, world) => {
    const log: string[] = []
    const { server } = await world.serve(
      halfOpen(
        {
          data: (_id, input) => [input],
          ended: async id => {
            await Promise.resolve()
            if (id > 1) throw Object.assign(new Error('no'), { code: 'ENO' })
            return ['promised', Action.Close]
          },
        },
        log,
      ),
    )
    const kept = world.connect(server).send('x').end()
    await world.until('the close', () => kept.ended && log.length === 3)
    t.equal(kept.received, 'xpromised')
    const broken = world.connect(server).send('y').end()
    await world.until('the other close', () => broken.ended && log.length === 6)
    t.equal(broken.received, 'y')
    t.strictSame(log, ['data x', 'ended', 'closed in order', 'data y', 'ended', 'closed ENO'])
  },

  'the end waits for what is paused and what is promised': async (t, world) => {
    const log: string[] = []
    let id = 0
    let settle: (() => void) | undefined
    const { server } = await world.serve(
      halfOpen(
        {
          opened(given) {
            id = given
            return [null, { halfOpen: true, paused: true }]
          },
          data: () =>
            new Promise(resolve => {
              settle = () => resolve(undefined)
            }),
        },
        log,
      ),
    )
    world.connect(server).send('x').end()
    await world.until('a connection', () => id > 0)
    await world.pass(20)
    t.strictSame(log, [])
    server.resume(id)
    await world.until('the input', () => settle !== undefined)
    await world.pass(20)
    t.strictSame(log, ['data x'])
    settle?.()
    await world.until('the end', () => log.length === 2)
    t.strictSame(log, ['data x', 'ended'])
  },

  'a peer that has ended and then resets gives closed the error': async (t, world) => {
    if (world.network === 'unix') return void t.pass('reset', { skip: 'Unix sockets have no reset' })
    const log: string[] = []
    let id = 0
    const { server } = await world.serve(
      halfOpen(
        {
          ended(given) {
            id = given
          },
        },
        log,
      ),
    )
    const peer = world.connect(server, { allowHalfOpen: true }).end()
    await world.until('the end', () => log.length === 1)
    peer.reset()
    await world.until('the close', () => {
      server.send(id, 'x')
      return log.length === 2
    })
    t.match(log[1], /^closed (ECONNRESET|EPIPE)$/)
  },

  'without ended or without halfOpen the end of the peer closes': async (t, world) => {
    let closed = 0
    const { server } = await world.serve({
      opened: () => [null, { halfOpen: true }],
      data: (_id, input) => [input],
      closed: () => void closed++,
    })
    const peer = world.connect(server).send('x').end()
    await world.until('the close', () => peer.ended && closed === 1)
    t.equal(peer.received, 'x')
    const other = await world.serve({
      ended: () => t.fail('ended of a connection that is not half-open') as never,
      closed: () => void closed++,
    })
    const second = world.connect(other.server).end()
    await world.until('the other close', () => second.ended && closed === 2)
  },

  'a shutdown closes what is half-open': async (t, world) => {
    const log: string[] = []
    const { server, done } = await world.serve(halfOpen({}, log))
    const peer = world.connect(server).end()
    await world.until('the end', () => log.length === 1)
    server.shutdown()
    await done
    t.strictSame(log, ['ended', 'closed in order'])
    await world.until('the end of it', () => peer.ended)
  },
}
