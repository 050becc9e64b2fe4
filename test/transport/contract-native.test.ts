import t from 'tap'
import { loadNative } from '../../lib/native/load.js'
import { contract } from './contract.js'
import { SocketWorld } from './socket-world.js'

const { error } = loadNative()
if (error !== undefined) t.pass('native', { skip: error.message })
else for (const network of ['tcp4', 'tcp6', 'unix'] as const) await contract(t, () => new SocketWorld('native', network))
