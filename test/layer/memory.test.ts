import t from 'tap'
import { contract } from '../transport/contract.js'
import { MemoryWorld } from '../transport/memory-world.js'
import { LayeredWorld } from './layered-world.js'

for (const name of ['cipher', 'functions', 'mixed'] as const) {
  await contract(t, () => new LayeredWorld(new MemoryWorld('tcp4'), name))
}
