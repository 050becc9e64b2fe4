import t from 'tap'
import { contract } from '../transport/contract.js'
import { MemoryWorld } from '../transport/memory-world.js'
import { LayeredWorld } from './layered-world.js'

await contract(t, () => new LayeredWorld(new MemoryWorld('tcp4'), 'cipher'))
