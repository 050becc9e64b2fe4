import { mkdirSync, rmSync } from 'node:fs'
import * as http from 'node:http'
import type { Test } from 'tap'
import { type FileOptions, files, http as handlers } from '../../../lib/http/index.js'
import { serve } from '../../../lib/index.js'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

export interface Served {
  readonly root: string
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>
}

/** Serves a new folder, which `fill` fills; sends paths unchanged. */
export async function served(
  t: Test,
  address: string,
  fill: (root: string) => void,
  options: Partial<FileOptions> = {},
): Promise<Served> {
  const root = `${t.testdir()}/root`
  mkdirSync(root)
  fill(root)
  const running = serve(handlers(files({ root, ...options })), address)
  const server = await running.listening
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(async () => {
    agent.destroy()
    server.shutdown()
    await running
    rmSync(root, { recursive: true, force: true })
  })
  const port = server.addresses[0]?.port ?? 0
  return {
    root,
    get: (path, headers = {}, method = 'GET') =>
      new Promise((resolve, reject) => {
        const request = http.request({ port, host: '127.0.0.1', path, method, headers, agent }, response => {
          const pieces: Buffer[] = []
          response.on('data', piece => pieces.push(piece))
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(pieces),
            }),
          )
          response.on('error', reject)
        })
        request.on('error', reject)
        request.end()
      }),
  }
}
