import { Action, type Reply } from '../../../lib/index.js'
import type { Rules } from './rule.js'

const codeOf = (error: Error | undefined) => (error as NodeJS.ErrnoException | undefined)?.code

/** Deadlines and timeouts of single connections. */
export const times: Rules = {
  'a deadline runs expired once, with the context, and its reply counts': async (t, world) => {
    const told: unknown[] = []
    const { server } = await world.serve<string>({
      opened(id) {
        t.equal(server.deadline(id, 30), true)
        return [null, { context: 'mine' }]
      },
      expired(id, context) {
        told.push([id, context])
        return ['late', Action.Close]
      },
    })
    const peer = world.connect(server)
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'late')
    t.strictSame(told, [[1, 'mine']])
    t.equal(server.deadline(1, 1), false)
  },

  'without expired the connection closes with ETIMEDOUT': async (t, world) => {
    const codes: unknown[] = []
    const { server } = await world.serve({
      opened: id => void server.deadline(id, 10),
      closed: (_id, error) => void codes.push(codeOf(error)),
    })
    world.connect(server)
    await world.until('closed', () => codes.length === 1)
    t.strictSame(codes, ['ETIMEDOUT'])
  },

  'a later deadline replaces an earlier one, and Infinity takes it back': async (t, world) => {
    const expired: number[] = []
    const { server } = await world.serve({
      opened(id) {
        server.deadline(id, 5)
        server.deadline(id, id === 1 ? Number.POSITIVE_INFINITY : 60)
      },
      expired: id => void expired.push(id),
    })
    world.connect(server)
    await world.until('the first', () => server.connections === 1)
    const began = server.now
    world.connect(server)
    await world.until('the second', () => server.connections === 2)
    await world.until('its deadline', () => expired.length > 0)
    t.strictSame(expired, [2])
    t.ok(server.now - began >= 59, `${server.now - began} ms passed`)
    await world.pass(50)
    t.strictSame(expired, [2], 'once')
  },

  'a deadline may be set again from expired': async (t, world) => {
    let expired = 0
    const { server } = await world.serve({
      opened: id => void server.deadline(id, 2),
      expired(id): Reply {
        expired += 1
        if (expired === 3) return [null, Action.Close]
        server.deadline(id, 2)
      },
    })
    const peer = world.connect(server)
    await world.until('the end', () => peer.ended)
    t.equal(expired, 3)
  },

  'expired runs while a promised reply is outstanding, and may promise itself': async (t, world) => {
    const told: string[] = []
    let keep = () => {}
    const { server } = await world.serve({
      data(id, input): Promise<Reply> {
        told.push(`data ${input}`)
        server.deadline(id, 5)
        return new Promise(resolve => {
          keep = () => resolve(['kept.'])
        })
      },
      async expired() {
        told.push('expired')
        await Promise.resolve()
        return ['expired.']
      },
    })
    const peer = world.connect(server).send('x')
    await world.until('the reply of expired', () => peer.received === 'expired.')
    peer.send('y')
    await world.pass(20)
    t.strictSame(told, ['data x', 'expired'], 'the first promise still holds the input back')
    keep()
    await world.until('both', () => told.length === 3)
    // The deadline set by the second input may have passed by now.
    await world.until('the kept one', () => peer.received.startsWith('expired.kept.'))
    t.strictSame(told.slice(0, 3), ['data x', 'expired', 'data y'])
    keep()
  },

  'a deadline that is no number from 0 is refused': async (t, world) => {
    const { server } = await world.serve({})
    for (const wrong of [-1, Number.NaN, '5', null, undefined, 5n]) {
      t.throws(() => server.deadline(1, wrong as number), { code: 'ERR_OPTION' })
    }
  },

  'readTimeout counts what comes from the peer alone, idleTimeout both ways': async (t, world) => {
    const codes = new Map<string, string | undefined>()
    const started = Date.now()
    const { server } = await world.serve<string>({
      opened: id =>
        id === 1
          ? [null, { readTimeout: 120, context: 'read' }]
          : [null, { idleTimeout: 120, context: 'idle' }],
      closed: (_id, error, context) => void codes.set(context, codeOf(error)),
    })
    world.connect(server)
    await world.until('the first', () => server.connections === 1)
    world.connect(server)
    await world.until('the second', () => server.connections === 2)
    while (!codes.has('read') && Date.now() - started < 30_000) {
      server.send(1, 'x')
      server.send(2, 'x')
      await world.pass(5)
    }
    t.equal(codes.get('read'), 'ETIMEDOUT', 'output does not keep it')
    t.equal(codes.has('idle'), false, 'output keeps it')
    await world.until('the idle one', () => codes.has('idle'))
    t.equal(codes.get('idle'), 'ETIMEDOUT')
  },

  'now moves on with the loop': async (t, world) => {
    const { server } = await world.serve({})
    const before = server.now
    await world.pass(10)
    t.ok(server.now - before >= 9, `${server.now - before} ms`)
  },

  'info answers what opened was told, and nothing for what is not open': async (t, world) => {
    const infos: unknown[] = []
    const { server } = await world.serve({
      opened(id, info) {
        infos.push(info)
        t.equal(server.info(id), info)
      },
      data: id => {
        t.equal(server.info(id), infos[0])
        return [null, Action.Close]
      },
    })
    t.equal(server.info(1), undefined)
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended && server.connections === 0)
    t.equal(server.info(1), undefined)
  },
}
