import { run } from '../program.js'
import { Chat } from './chat.js'
import { natsRelay } from './relay.js'

const chat = new Chat()

async function share(servers: string): Promise<void> {
  try {
    chat.share(await natsRelay(servers, chat))
  } catch (error) {
    process.stderr.write(`npm run chat: ${servers}: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

await run({
  command: 'npm run chat',
  about: 'Chat rooms: a page, and WebSocket. With --nats, rooms are shared with other servers.',
  port: 8081,
  extras: { nats: { value: 'URL', about: 'share rooms by this NATS server, such as nats://127.0.0.1:4222' } },
  hint: ({ host, port }) =>
    `; open http://${host.includes(':') ? `[${host}]` : host}:${port}/#lobby in two windows`,
  events: chosen => {
    const [servers = ''] = chosen.values('nats')
    if (servers !== '') void share(servers)
    return chat.events
  },
})
await chat.close()
