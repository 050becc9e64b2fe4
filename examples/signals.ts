/** Milliseconds for connections to end by themselves. */
const GRACE = 2000

/**
 * Shuts a server down on SIGTERM or SIGINT: it stops accepting, connections finish, and the process exits with 0. A
 * second signal of either kind ends the process at once.
 */
export function endOnSignals(server: { shutdown(options: { grace: number }): void }): void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const end = () => {
    // Without a listener, the OS ends the process on the signal.
    for (const signal of signals) process.off(signal, end)
    server.shutdown({ grace: GRACE })
  }
  for (const signal of signals) process.on(signal, end)
}
