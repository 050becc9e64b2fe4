import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { serve } from '../../lib/index.js'
import { simulate } from '../../lib/testing.js'
import { freePort } from '../transport/free-port.js'
import { onBoth } from '../transport/on-both.js'
import { until } from '../transport/until.js'

await onBoth(t, 'the error of a dial that is refused names where to', async (t, transport) => {
  const errors: (Error | undefined)[] = []
  const running = serve({ closed: (_id, error) => void errors.push(error) })
  const server = await running.listening
  const suffix = transport === 'net' ? '-net' : ''
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'revio-'))
  const path = join(folder, 'nobody')
  server.dial(`tcp4${suffix}://127.0.0.1:${port}`)
  await until('the first', () => errors.length === 1)
  server.dial(`unix${suffix}://${path}`)
  await until('the second', () => errors.length === 2)
  t.match(errors[0], { code: 'ECONNREFUSED', message: `127.0.0.1:${port}` })
  t.match(errors[1], { code: 'ENOENT', message: path })
  server.shutdown()
  await running
  rmSync(folder, { recursive: true })
})

t.test('in a simulation as well', t => {
  const errors: (Error | undefined)[] = []
  const { server } = simulate({ closed: (_id, error) => void errors.push(error) })
  server.dial('tcp4://127.0.0.1:9')
  t.match(errors, [{ code: 'ECONNREFUSED', message: '127.0.0.1:9' }])
  server.shutdown()
  t.end()
})
