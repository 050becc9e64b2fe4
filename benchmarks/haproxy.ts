import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './paths.js'

/** Writes haproxy's configuration: one thread that forwards bytes. Returns its path. */
export async function haproxyConfiguration(port: number, target: number): Promise<string> {
  const folder = join(root, 'dist/benchmarks/haproxy')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${port}.cfg`)
  await writeFile(
    path,
    `global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen echo
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${target}
`,
  )
  return path
}
