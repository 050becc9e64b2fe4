import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, Program, skip, until } from './harness.js'

const before = openDescriptors()

await t.test(
  'a process lives while anything is open, even if nothing is polled, and ends after',
  { skip },
  async t => {
    const program = new Program(t, 'paused')
    const client = connectTo(inetAddress('tcp', '127.0.0.1', await program.port()))
    // What makes the one that is paused look for more than it wants.
    client.write('something')
    await until('the end', () => client.destroyed)
    t.strictSame(await program.ended(), { code: 0, signal: null }, program.errors)
    t.match(program.output, /\nalive\n$/)
  },
)

await closesAll(t, before)
