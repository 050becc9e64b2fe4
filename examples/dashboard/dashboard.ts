import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Registry } from 'prom-client'
import { file, type Http, type HttpReply, http } from 'revio/http'
import { type WebSockets, websocket } from 'revio/websocket'
import type { Hello, Message } from './page/message.js'
import { INTERVAL, KEPT, type Sampler, type Watched } from './sampler.js'

const TOPIC = 'samples'
/** The close code for a server that ends. */
const GOING_AWAY = 1001
const FRESH = { 'cache-control': 'no-cache' }

/** Directories of files, by the first segment of the path. */
const folders: Readonly<Record<string, string>> = {
  page: fileURLToPath(new URL('page', import.meta.url)),
  uplot: fileURLToPath(new URL('.', import.meta.resolve('uplot'))),
}
const SOURCES = fileURLToPath(new URL('../../../examples/dashboard/page', import.meta.url))

/** What the dashboard serves. */
export interface Pages {
  readonly events: Http
  /** Closes the WebSockets of open pages. */
  leave(): void
}

/** Serves the page, the samples that it draws, and `/metrics` for Prometheus. */
export function dashboard(program: string, watched: Watched, sampler: Sampler, metrics: Registry): Pages {
  const about = {
    type: 'hello' as const,
    run: randomUUID(),
    program,
    addresses: watched.addresses.map(String),
    transport: watched.transport,
    node: process.version,
    pid: process.pid,
    interval: INTERVAL,
    kept: KEPT,
  }
  const sockets: WebSockets = websocket(
    {
      opened(id) {
        sockets.subscribe(id, TOPIC)
        const hello: Hello = { ...about, samples: sampler.samples }
        return [JSON.stringify(hello)]
      },
    },
    // A page that falls behind needs no old samples.
    { slow: 'skip', origin: (origin, { host }) => origin === undefined || hostOf(origin) === host },
  )
  const events = http({
    request: (_id, { method, path }) =>
      method === 'GET' || method === 'HEAD'
        ? answer(path, metrics)
        : [{ status: 405, headers: { allow: 'GET, HEAD' } }],
    upgrade: (id, request) => (request.path === '/samples' ? sockets(id, request) : [{ status: 404 }]),
    tick() {
      const message: Message = { type: 'sample', ...sampler.take() }
      sockets.publish(TOPIC, JSON.stringify(message))
      return [INTERVAL]
    },
  })
  const leave = () => {
    for (const id of sockets.ids()) sockets.close(id, GOING_AWAY)
  }
  return { events, leave }
}

async function answer(path: string, metrics: Registry): Promise<HttpReply> {
  if (path === '/metrics') {
    return [{ headers: { 'content-type': metrics.contentType }, body: await metrics.metrics() }]
  }
  if (path === '/' || path === '/style.css') return [{ headers: FRESH, body: file(path, { root: SOURCES }) }]
  const [, first = '', rest = ''] = /^\/(\w+)(\/.+)$/.exec(path) ?? []
  const root = Object.hasOwn(folders, first) ? folders[first] : undefined
  return root === undefined ? [{ status: 404 }] : [{ headers: FRESH, body: file(rest, { root }) }]
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
