import t from 'tap'
import { contract } from './contract.js'
import { SocketWorld } from './socket-world.js'

for (const network of ['tcp4', 'tcp6', 'unix'] as const) {
  await contract(t, () => new SocketWorld('net', network))
}
