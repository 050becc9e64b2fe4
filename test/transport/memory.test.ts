import t from 'tap'
import { contract } from './contract.js'
import { MemoryWorld } from './memory-world.js'

await contract(t, () => new MemoryWorld('tcp4'))
