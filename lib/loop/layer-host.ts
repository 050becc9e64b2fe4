import type { LayerHost } from '../transport/layering.js'
import type { Host } from '../transport/transport.js'

/** The loop, as layers see it. `between`, if given, surrounds work done between turns. */
export function makeLayerHost(loop: Host, between: ((run: () => void) => void) | undefined): LayerHost {
  if (between === undefined) return loop
  return {
    get inTurn() {
      return loop.inTurn
    },
    turn: run => between(() => loop.turn(run)),
  }
}
