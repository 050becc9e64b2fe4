import t from 'tap'
import { contract } from '../transport/contract.js'
import { nativeMissing } from '../transport/native/missing.js'
import { SocketWorld } from '../transport/socket-world.js'
import { LayeredWorld } from './layered-world.js'

const missing = nativeMissing()
if (missing !== undefined) t.pass('native over tcp4 through a layer', { skip: missing })
else await contract(t, () => new LayeredWorld(new SocketWorld('native', 'tcp4'), 'functions'))
