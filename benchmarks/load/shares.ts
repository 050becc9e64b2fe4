import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** How many of `count` simultaneous connections each loop has; a loop sends its number as the first byte. */
export async function sharesOf(port: number, count: number, loops: number): Promise<number[]> {
  const shares = Array.from({ length: loops }, () => 0)
  const sockets: Socket[] = []
  try {
    // One after another, because the balancer compares the loops for each of them.
    for (let made = 0; made < count; made++) {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      const [greeting] = (await once(socket, 'data')) as [Buffer]
      const loop = Number(greeting.toString('latin1').trim())
      if (shares[loop] === undefined)
        throw new Error(`a loop called itself ${JSON.stringify(String(greeting))}`)
      shares[loop]++
    }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  return shares
}
