import type * as net from 'node:net'

/** Resolves when the server listens; where it fails nothing is left behind. */
export function listening(server: net.Server, options: net.ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
