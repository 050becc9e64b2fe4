import t from 'tap'
import { contract } from './contract.js'
import { MemoryWorld } from './memory-world.js'

for (const seed of [1, 2, 3, 4]) await contract(t, () => new MemoryWorld('tcp4', seed))
