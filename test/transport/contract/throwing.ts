import { once } from 'node:events'
import type { Events } from '../../../lib/index.js'
import { Action } from '../../../lib/index.js'
import type { Rules } from './rule.js'

/** A handler that throws closes its own connection, with the exception, and no other. */
export const throwing: Rules = {
  'a throw in opened, data, prewrite, postwrite or a wake closes that connection with it': async (
    t,
    world,
  ) => {
    for (const handler of ['opened', 'data', 'prewrite', 'postwrite', 'wake']) {
      const thrown = new Error(`on purpose in ${handler}`)
      const closed: (Error | undefined)[] = []
      let bad = 0
      const act = (id: number, name: string) => {
        if (id === bad && name === handler) throw thrown
      }
      const { server } = await world.serve({
        opened(id) {
          if (id === 2) bad = id
          act(id, 'opened')
        },
        data(id, input) {
          act(id, input === null ? 'wake' : 'data')
          if (handler === 'wake' && id === bad) server.wake(id)
          return [input]
        },
        prewrite: id => act(id, 'prewrite'),
        postwrite: id => act(id, 'postwrite'),
        closed: (_id, error) => void closed.push(error),
      })
      const good = world.connect(server).send('1')
      await world.until('the echo', () => good.received === '1')
      const peer = world.connect(server, { allowHalfOpen: true }).send('x')
      await world.until('the end', () => (peer.ended || peer.error !== undefined) && closed.length === 1)
      t.equal(closed[0], thrown, handler)
      t.equal(server.connections, 1)
      good.send('2')
      await world.until('the other goes on', () => good.received === '12')
    }
  },

  'output that was pending before the throw still leaves': async (t, world) => {
    const { server } = await world.serve({
      data(id) {
        server.send(id, 'so far')
        throw new Error('on purpose')
      },
      closed() {},
    })
    const peer = world.connect(server).send('x')
    await world.until('the end', () => peer.ended)
    t.equal(peer.received, 'so far')
  },

  'what is thrown may be anything': async (t, world) => {
    const things: unknown[] = ['text', undefined, null, 5, { code: 'E' }]
    const errors: (Error | undefined)[] = []
    const { server } = await world.serve({
      data() {
        throw things[errors.length]
      },
      closed: (_id, error) => void errors.push(error),
    })
    for (let count = 1; count <= things.length; count++) {
      const peer = world.connect(server).send('x')
      await world.until('the end', () => peer.ended && errors.length === count)
    }
    for (const [index, error] of errors.entries()) {
      t.type(error, Error)
      t.equal(error?.cause, things[index])
    }
  },

  'a throw in closed or detached is a warning, and ends nothing': async (t, world) => {
    if (!world.real) return void t.pass('the process', { skip: 'a simulation keeps its warnings to itself' })
    for (const handler of ['closed', 'detached']) {
      const thrown = new Error(`on purpose in ${handler}`)
      const { server } = await world.serve({
        data: (_id, input) => [input, input?.includes('d') ? Action.Detach : Action.None],
        closed() {
          throw thrown
        },
        detached() {
          throw thrown
        },
      })
      const warned = once(process, 'warning')
      const peer = world.connect(server).send(handler === 'detached' ? 'd' : 'x')
      await world.until('the echo', () => peer.received.length === 1)
      if (handler === 'closed') peer.end()
      const [warning] = await warned
      t.equal(warning.cause, thrown)
      t.match(warning.message, `${handler} threw Error: on purpose in ${handler}`)
      t.equal(warning.detail, thrown.stack)
      await world.until('the end', () => peer.ended || peer.error !== undefined)
      const other = world.connect(server).send('x')
      await world.until('another echo', () => other.received === 'x')
      const another = once(process, 'warning')
      other.end()
      await another
    }
  },

  'without a closed handler, what was thrown is a warning': async (t, world) => {
    if (!world.real) return void t.pass('the process', { skip: 'a simulation keeps its warnings to itself' })
    const thrown = new Error('on purpose')
    const handlers: Events[] = [
      {
        data() {
          throw thrown
        },
      },
      { data: () => Promise.reject(thrown) },
    ]
    for (const events of handlers) {
      const { server } = await world.serve(events)
      const warned = once(process, 'warning')
      const peer = world.connect(server).send('x')
      const [warning] = await warned
      t.equal(warning.cause, thrown)
      t.match(warning.message, 'data threw Error: on purpose')
      t.equal(warning.detail, thrown.stack)
      await world.until('the end', () => peer.ended)
    }
  },

  'a peer that resets is no warning where there is no closed handler': async (t, world) => {
    const warnings: unknown[] = []
    const listen = (warning: unknown) => void warnings.push(warning)
    process.on('warning', listen)
    const { server } = await world.serve({ data: (_id, input) => [input] })
    const peer = world.connect(server).send('x')
    await world.until('the echo', () => peer.received === 'x')
    if (world.real && world.network === 'unix') peer.close()
    else peer.reset()
    await world.until('it is gone', () => server.connections === 0)
    await world.pass(5)
    process.removeListener('warning', listen)
    t.strictSame(warnings, [])
  },
}
