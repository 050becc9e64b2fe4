import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runToEnd } from './children.js'
import { root } from './paths.js'
import { demand, openssl } from './programs.js'

/** A key and its certificate for `localhost`, generated once and kept in `dist/`. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Returns the paths of both. Throws `MissingProgram` if openssl is not installed. */
export async function certificate(): Promise<Certificate> {
  demand(openssl)
  const folder = join(root, 'dist/benchmarks/certificate')
  const paths = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') }
  if (await exists(paths.cert)) return paths
  await mkdir(folder, { recursive: true })
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=localhost', '-days', '3650', '-keyout', paths.key, '-out', paths.cert]
  await runToEnd({ file: openssl.command, args: ['req', '-x509', ...curve, ...names] })
  return paths
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
