/**
 * What a handler asks the loop to do once its output has been taken.
 *
 * - `None`: go on.
 * - `Detach`: write what is pending, then hand the connection over as a `net.Socket`.
 * - `Close`: write what is pending, then close the connection.
 * - `Shutdown`: end the loop; `serve` resolves.
 * - `End`: write what is pending, then tell the peer that this was all; its input goes on. When it has ended too, the
 *   connection closes. Without an end of its own, as with datagrams, it counts as `Close`.
 * - `Reset`: give up what is pending and close at once; the peer learns of it by a reset, where its network has one.
 *
 * Asked for with `send` inside a handler, `Close` and `End` differ in when they count. What the handler returns still
 * goes out before a `Close`, which is done after it has returned. An `End` counts from the call on: output that comes
 * later is not taken, what the handler returns included.
 */
export const Action = { None: 0, Detach: 1, Close: 2, Shutdown: 3, End: 4, Reset: 5 } as const

export type Action = (typeof Action)[keyof typeof Action]

export function isAction(value: unknown): value is Action {
  return Number.isInteger(value) && (value as number) >= Action.None && (value as number) <= Action.Reset
}
