import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { type Child, launch } from './children.js'
import type { Rival, Target } from './plan.js'

/** Milliseconds allowed for a server to start. */
const PATIENCE = 10_000

export interface Running extends Target {
  stop(): Promise<void>
}

/** Starts a rival on a free port; resolves once it accepts connections. Rejects with its output if it exits instead. */
export async function start(rival: Rival): Promise<Running> {
  const port = await freePort()
  const child = await launch(await rival.command(port))
  // Redis reports errors on its standard output.
  child.process.stdout?.setEncoding('utf8').on('data', text => child.hear(text))
  try {
    await untilAccepting(child, port)
  } catch (error) {
    await child.stop()
    throw error
  }
  return { name: rival.name, port, pid: child.pid, stop: () => child.stop() }
}

async function untilAccepting(child: Child, port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (!(await accepts(port))) {
    if (!child.isRunning) throw new Error(`it ended: ${child.lastWords || 'it said nothing'}`)
    if (performance.now() > deadline)
      throw new Error(`it did not listen on port ${port} within ${PATIENCE / 1000} s`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const answer = (open: boolean) => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => answer(true)).once('error', () => answer(false))
  })
}

/** A port that nothing listens on. Another program may take it before the rival does; the run then reports that. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
