import type { Server } from '../events.js'

/**
 * What a layer between the loop and the program still has to do for a connection that is to be closed as the loop ends;
 * undefined when there is nothing to wait for. Once the promise is kept it is asked again.
 */
export type Leave = (id: number) => Promise<void> | undefined

/** Where servers take one. It is for layers alone: a program's `Server` does not show it. */
export const beforeEnd = Symbol('revio.beforeEnd')

/** A server that takes one. */
export interface Leavable {
  [beforeEnd](leave: Leave): void
}

/** Has the end of the loop wait for a layer, as it does for promised replies. */
export function leaveBehind(server: Server, leave: Leave): void {
  if (beforeEnd in server) (server as Server & Leavable)[beforeEnd](leave)
}
