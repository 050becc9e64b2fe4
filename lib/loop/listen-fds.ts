/** The first descriptor that a supervisor passes. */
const FIRST = 3

/**
 * Returns the addresses of inherited sockets, as passed by systemd's socket activation: `fd://3` and so on,
 * `LISTEN_FDS` of them. Empty if that is absent, or `LISTEN_PID` names another process.
 *
 * ```ts
 * const inherited = listenFds()
 * await serve(events, ...(inherited.length > 0 ? inherited : ['tcp://:8080']))
 * ```
 */
export function listenFds(): string[] {
  const { LISTEN_FDS = '', LISTEN_PID = '' } = process.env
  if (!/^[1-9]\d{0,3}$/.test(LISTEN_FDS) || LISTEN_PID !== String(process.pid)) return []
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => `fd://${FIRST + index}`)
}
