/** Milliseconds in which connections may end by themselves. */
const GRACE = 2000

/**
 * Ends a server in order on SIGTERM or SIGINT: nothing more is accepted, connections finish, and the process exits with
 * 0. A second signal of either kind ends the process at once.
 */
export function endOnSignals(server: { shutdown(options: { grace: number }): void }): void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const end = () => {
    // What the system does with a signal that nobody listens for is to end the process.
    for (const signal of signals) process.off(signal, end)
    server.shutdown({ grace: GRACE })
  }
  for (const signal of signals) process.on(signal, end)
}
