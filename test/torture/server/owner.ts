import type { Socket } from 'node:net'
import type { Ledger } from './ledger.js'
import type { Session } from './session.js'

/** Keeps echoing on a detached socket, using only node:net. */
export function own(session: Session, socket: Socket, ledger: Ledger): void {
  let failure: Error | undefined
  socket.on('error', error => {
    failure = error
  })
  socket.on('close', () => ledger.left(session, failure))
  if (session.door === 'shut') {
    socket.end()
    socket.resume()
    return
  }
  socket.on('data', (chunk: Buffer) => {
    const bytes = session.read(chunk)
    session.give(bytes)
    if (!socket.write(bytes)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('end', () => socket.end())
}
