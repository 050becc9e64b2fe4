/**
 * What the loop does after a handler's output.
 *
 * - `None`: nothing; the connection stays open.
 * - `Detach`: write pending output, then hand the connection over as a `net.Socket`.
 * - `Close`: write pending output, then close the connection.
 * - `Shutdown`: shut the loop down; `serve` resolves.
 * - `End`: write pending output, then end the sending side; input still arrives. Once the peer has ended too,
 *   the connection closes. For datagrams it counts as `Close`.
 * - `Reset`: discard pending output and close at once, with a reset where the network has one.
 *
 * Passed to `send` inside a handler, `Close` takes effect after the handler has returned, and its returned
 * output still goes out. `End` takes effect at the call: later output is rejected, including what the handler
 * returns.
 */
export const Action = { None: 0, Detach: 1, Close: 2, Shutdown: 3, End: 4, Reset: 5 } as const

export type Action = (typeof Action)[keyof typeof Action]

export function isAction(value: unknown): value is Action {
  return Number.isInteger(value) && (value as number) >= Action.None && (value as number) <= Action.Reset
}
