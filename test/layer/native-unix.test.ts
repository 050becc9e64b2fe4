import t from 'tap'
import { contract } from '../transport/contract.js'
import { nativeMissing } from '../transport/native/missing.js'
import { SocketWorld } from '../transport/socket-world.js'
import { LayeredWorld } from './layered-world.js'

// Its coders run in threads of their own, so that nothing is translated at once.
const missing = nativeMissing()
if (missing !== undefined) t.pass('native over unix through a layer', { skip: missing })
else await contract(t, () => new LayeredWorld(new SocketWorld('native', 'unix'), 'stored'))
