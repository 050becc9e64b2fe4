import t from 'tap'
import { inetAddress } from '../../../lib/address.js'
import { openDescriptors } from '../descriptors.js'
import { closesAll, connectTo, Program, skip, until } from './harness.js'

const before = openDescriptors()

/** Two clients of a program whose receiver throws at the first one's input. */
async function provoke(program: Program): Promise<() => string> {
  const address = inetAddress('tcp', '127.0.0.1', await program.port())
  const [first, second] = [connectTo(address), connectTo(address)]
  let echoed = ''
  second.on('data', bytes => (echoed += bytes))
  first.write('throw')
  second.write('echo')
  return () => {
    first.destroy()
    second.destroy()
    return echoed
  }
}

for (const where of ['receiver', 'turn', 'tick']) {
  await t.test(
    `what is thrown in a ${where} ends the process as any uncaught exception`,
    { skip },
    async t => {
      const program = new Program(t, 'throws', { args: [where] })
      const close = await provoke(program)
      t.strictSame(await program.ended(), { code: 1, signal: null }, 'it exits, and does not abort')
      t.match(program.errors, /Error: thrown on purpose/)
      close()
    },
  )

  await t.test(`thrown in a ${where} and handled, it costs the others nothing`, { skip }, async t => {
    const program = new Program(t, 'throws', { args: [where, 'handled'] })
    const close = await provoke(program)
    await until('the exception', () => program.output.includes('handled: thrown on purpose'))
    let echoed = ''
    await until('the echo', () => {
      echoed = program.output
      return echoed.includes('echoed')
    })
    t.equal(program.child.exitCode, null)
    t.equal(close(), 'echo')
  })
}

await closesAll(t, before)
