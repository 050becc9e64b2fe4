import t from 'tap'
import { contract } from './contract.js'
import { nativeMissing } from './native/missing.js'
import { SocketWorld } from './socket-world.js'

const missing = nativeMissing()
if (missing !== undefined) t.pass('native over tcp4', { skip: missing })
else await contract(t, () => new SocketWorld('native', 'tcp4'))
