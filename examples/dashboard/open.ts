import { collectDefaultMetrics } from 'prom-client'
import { serve } from 'revio'
import { prometheus } from '../prometheus.js'
import { dashboard } from './dashboard.js'
import { ProcessMemory } from './memory.js'
import { Sampler, type Watched } from './sampler.js'

/** Milliseconds that browsers have to close their connections. */
const GRACE = 500

/** A running dashboard. */
export interface Dashboard {
  /** URL for a browser. */
  readonly url: string
  close(): Promise<void>
}

/** Serves a dashboard about `watched` from a loop of its own, so that its work does not count as the server's. */
export async function openDashboard(address: string, program: string, watched: Watched): Promise<Dashboard> {
  const memory = new ProcessMemory()
  const metrics = prometheus(watched)
  collectDefaultMetrics({ register: metrics })
  const pages = dashboard(program, watched, new Sampler(watched, memory), metrics)
  const running = serve(pages.events, address)
  const ended = running.finally(() => memory.close())
  const server = await running.listening.catch(async error => {
    await ended.catch(() => {})
    throw error
  })
  const [bound] = server.addresses
  return {
    url: bound?.path === '' ? `http://${inUrl(bound.host)}:${bound.port}/` : String(bound),
    async close() {
      pages.leave()
      server.shutdown({ grace: GRACE })
      await ended
    },
  }
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
