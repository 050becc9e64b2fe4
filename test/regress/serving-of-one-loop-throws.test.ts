import t from 'tap'
import { serveLoops } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'

const broken = new URL('../loops/fixtures/broken.js', import.meta.url)

t.test(
  'what serving throws in one loop is what all end with, wherever the others are by then',
  { skip: nativeMissing() ?? false },
  async t => {
    for (let round = 0; round < 8; round++) {
      const workerData = { how: 'serving', loop: round % 3 }
      const running = serveLoops(broken, { loops: 3, workerData }, 'tcp://127.0.0.1:0')
      await t.rejects(running, { message: 'not served', code: 'EWHATEVER' })
    }
  },
)
