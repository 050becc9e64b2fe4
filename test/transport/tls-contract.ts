import type { Test } from 'tap'
import { contract } from './contract.js'
import { certificatesMissing } from './tls/certificates.js'
import { TlsWorld } from './tls-world.js'
import type { World } from './world.js'

/** Makes the first connection open the descriptor that libuv keeps. */
async function once(world: World): Promise<void> {
  const { server } = await world.serve({ opened: () => ['hello'] })
  const peer = world.connect(server)
  await world.until('a first connection', () => peer.received === 'hello')
  await world.end()
}

/** Tests every rule of the contract over a transport's TLS, in both versions. */
export async function tlsContract(t: Test, transport: 'native' | 'net'): Promise<void> {
  const missing = certificatesMissing()
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    if (missing !== undefined) {
      t.pass(`${transport} with ${version}`, { skip: missing })
      continue
    }
    await once(new TlsWorld(transport, 'tcp4', version))
    await contract(t, () => new TlsWorld(transport, 'tcp4', version))
  }
}
