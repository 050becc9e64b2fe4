import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './paths.js'
import { writeSite } from './site.js'

/** Writes nginx's configuration: one process with the same responses as the others, without a log. Returns its path. */
export async function nginxConfiguration(port: number): Promise<string> {
  const folder = join(root, 'dist/benchmarks/nginx')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${port}.conf`)
  await writeFile(
    path,
    `daemon off; master_process off; pid ${join(folder, `${port}.pid`)}; error_log /dev/null;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type text/plain;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = / { return 200 "hello world\\n"; }
    location / { root ${await writeSite()}; }
  }
}
`,
  )
  return path
}
