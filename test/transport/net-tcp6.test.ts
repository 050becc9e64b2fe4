import t from 'tap'
import { contract } from './contract.js'
import { SocketWorld } from './socket-world.js'

await contract(t, () => new SocketWorld('net', 'tcp6'))
