import t from 'tap'
import { contract } from '../transport/contract.js'
import { SocketWorld } from '../transport/socket-world.js'
import { LayeredWorld } from './layered-world.js'

await contract(t, () => new LayeredWorld(new SocketWorld('net', 'tcp4'), 'cipher'))
