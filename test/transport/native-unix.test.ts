import t from 'tap'
import { contract } from './contract.js'
import { nativeMissing } from './native/missing.js'
import { SocketWorld } from './socket-world.js'

const missing = nativeMissing()
if (missing !== undefined) t.pass('native over unix', { skip: missing })
else await contract(t, () => new SocketWorld('native', 'unix'))
