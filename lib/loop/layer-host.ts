import type { LayerHost } from '../transport/layering.js'
import type { Host } from '../transport/transport.js'

/** The loop, as layers see it. `between` surrounds what is done between turns. */
export function makeLayerHost(loop: Host, between: (run: () => void) => void = run => run()): LayerHost {
  return {
    get inTurn() {
      return loop.inTurn
    },
    turn: run => between(() => loop.turn(run)),
  }
}
