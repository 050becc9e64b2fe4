import { readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { TlsServerOptions } from 'revio'
import { type Chosen, UsageError } from '../options.js'
import { run } from '../program.js'
import { smtp } from './server.js'
import type { Mail } from './session.js'

await run({
  command: 'npm run smtp',
  about: 'Receives mail: STARTTLS, AUTH, limits. tls:// addresses have TLS from the start.',
  port: 2525,
  extras: {
    cert: { value: 'FILE', about: 'the certificate for STARTTLS; read again at SIGHUP', preset: '' },
    key: { value: 'FILE', about: 'its private key', preset: '' },
    user: {
      value: 'NAME:PASSWORD',
      about: 'who may send; may be given again (default: everybody)',
      preset: '',
    },
    maildir: { value: 'FOLDER', about: 'where mail goes (default: a line for each)', preset: '' },
    'max-size': { value: 'BYTES', about: 'of a message', preset: '10485760' },
  },
  hint: ({ host, port }) => `; try: swaks --server ${host}:${port} --to you@example.test`,
  events(chosen) {
    const certificate = certificateOf(chosen)
    const users = usersOf(chosen)
    const policy = {
      name: hostname(),
      users,
      startTls: certificate() !== undefined,
      maxSize: sizeOf(chosen),
      maxRecipients: 100,
      maxErrors: 10,
    }
    return smtp({ policy, tls: certificate, deliver: delivery(one(chosen, 'maildir')) })
  },
})

function one(chosen: Chosen, name: string): string {
  return chosen.values(name).at(-1) ?? ''
}

function certificateOf(chosen: Chosen): () => TlsServerOptions | undefined {
  const [cert, key] = [one(chosen, 'cert'), one(chosen, 'key')]
  if ((cert === '') !== (key === '')) throw new UsageError('--cert and --key belong together')
  if (cert === '') return () => undefined
  const read = () => {
    try {
      const files = { cert: readFileSync(cert), key: readFileSync(key) }
      createSecureContext(files)
      return files
    } catch (error) {
      throw new UsageError(`--cert ${cert} --key ${key}: ${(error as Error).message}`)
    }
  }
  let current = read()
  process.on('SIGHUP', () => {
    try {
      current = read()
    } catch (error) {
      console.error(`${(error as Error).message}; the earlier certificate stays in use`)
    }
  })
  return () => current
}

function usersOf(chosen: Chosen): Map<string, string> {
  const users = new Map<string, string>()
  for (const text of chosen.values('user')) {
    if (text === '') continue
    const [, name, password] = /^([^:]+):(.+)$/.exec(text) ?? []
    if (name === undefined || password === undefined)
      throw new UsageError(`--user ${text}: not NAME:PASSWORD`)
    users.set(name, password)
  }
  return users
}

function sizeOf(chosen: Chosen): number {
  const text = one(chosen, 'max-size')
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`--max-size ${text}: not a number of bytes`)
  return Number(text)
}

/** Writes a message under a temporary name first, so that no reader sees a partial one. */
function delivery(folder: string): (mail: Mail) => Promise<void> {
  let count = 0
  return async ({ from, to, user, body }) => {
    count += 1
    const name = `${Date.now()}.${process.pid}.${count}`
    const by = user === undefined ? '' : ` by ${user}`
    process.stdout.write(`Mail from <${from}> to <${to.join('>, <')}>${by}: ${body.length} bytes\n`)
    if (folder === '') return
    for (const part of ['tmp', 'new']) await mkdir(join(folder, part), { recursive: true })
    await writeFile(join(folder, 'tmp', name), body)
    await rename(join(folder, 'tmp', name), join(folder, 'new', name))
  }
}
