import { type ChildProcess, spawn } from 'node:child_process'
import { linkSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import * as net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { built, root } from '../paths.js'
import { bareNode } from '../transport/bare-node.js'
import { onBoth } from '../transport/on-both.js'
import { SocketWorld } from '../transport/socket-world.js'

const library = pathToFileURL(built('lib/index.js')).href

/** Serves what it is told to, and says how that went. */
const program = `
  import { serve } from ${JSON.stringify(library)}
  process.on('message', address => {
    const events = {
      serving: () => void process.send('serving'),
      opened: () => [String(process.pid)],
    }
    serve(events, address).catch(error => process.send(error.code ?? String(error)))
  })
  process.send('ready')`

const folder = mkdtempSync(join(tmpdir(), 'revio-'))
t.teardown(() => rmSync(folder, { recursive: true }))
let paths = 0

/** A path at which a dead server's socket is. */
async function stalePath(): Promise<string> {
  paths += 1
  const path = join(folder, `${paths}.sock`)
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen(`${path}~`, resolve))
  linkSync(`${path}~`, path)
  await new Promise(resolve => server.close(resolve))
  return path
}

async function start(t: Test, count: number): Promise<ChildProcess[]> {
  const children = Array.from({ length: count }, () =>
    spawn(...bareNode('--input-type=module', '-e', program), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  await Promise.all(children.map(answerOf))
  return children
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise(resolve => child.once('message', resolve))
}

/** What the server at the path says. */
function greeting(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const peer = net.connect(path)
    peer.once('error', reject)
    peer.once('data', bytes => {
      peer.destroy()
      resolve(String(bytes))
    })
  })
}

for (const [count, rounds] of [
  [2, 30],
  [8, 15],
] as const) {
  await onBoth(t, `one of ${count} processes takes a stale path over`, async (t, transport) => {
    const children = await start(t, count)
    for (let round = 0; round < rounds; round += 1) {
      const path = await stalePath()
      const answers = children.map(answerOf)
      for (const child of children) child.send(`unix${transport === 'net' ? '-net' : ''}://${path}`)
      const found = await Promise.all(answers)
      const serving = children.filter((_, index) => found[index] === 'serving')
      t.equal(serving.length, 1, `round ${round}`)
      t.equal(found.filter(answer => answer === 'EADDRINUSE').length, count - 1)
      t.equal(await greeting(path), String(serving[0]?.pid), 'and is reached there')
    }
  })
}

await onBoth(t, 'one of several loops in a thread takes a stale path over', async (t, transport) => {
  const world = new SocketWorld(transport, 'unix')
  for (const options of ['', '?mode=600']) {
    const path = await stalePath()
    const address = `unix${transport === 'net' ? '-net' : ''}://${path}${options}`
    const started = await Promise.allSettled(
      [1, 2, 3, 4, 5].map(number => world.serve({ opened: () => [`number ${number}`] }, address)),
    )
    const running = started.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
    t.equal(running.length, 1)
    for (const result of started) {
      if (result.status === 'rejected') t.match(result.reason, { code: 'EADDRINUSE' })
    }
    t.match(await greeting(path), /number \d/)
    running[0]?.server.shutdown()
    await running[0]?.done
    t.equal(lstatSync(path, { throwIfNoEntry: false }), undefined)
  }
  t.strictSame(await world.end(), [])
})
