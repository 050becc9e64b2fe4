import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { asError, RevioError } from '../../errors.js'
import type { Addon } from './addon.js'
import { prebuilt, system } from './platform.js'

export { prebuilt }

/** The addon, or why it is not there. */
export type Loaded =
  | { readonly addon: Addon; readonly error: undefined }
  | { readonly addon: undefined; readonly error: Error }

let loaded: Loaded | undefined

/**
 * Loads the addon, once. `REVIO_NATIVE=0` leaves it alone; `REVIO_NATIVE=1` insists on it; a path names its file.
 *
 * @throws `ERR_NATIVE` when it is insisted on and cannot be had, with the loader's own message.
 */
export function loadNative(): Loaded {
  loaded ??= load(process.env.REVIO_NATIVE ?? '')
  return loaded
}

/**
 * Why the addon cannot do TLS, undefined when it can: it uses the OpenSSL of the process, which has to be version 3.
 *
 * @throws `ERR_NATIVE` when it is insisted on.
 */
export function nativeTlsError(): Error | undefined {
  const { addon, error } = loadNative()
  if (addon === undefined) return error
  const missing = addon.opensslMissing()
  if (missing === undefined) return undefined
  const why = `the addon cannot do TLS: ${missing}`
  if (process.env.REVIO_NATIVE !== '1') return new RevioError('ERR_NATIVE', why)
  throw new RevioError('ERR_NATIVE', `REVIO_NATIVE=1, but ${why}`)
}

function load(wish: string): Loaded {
  if (/[/\\]|\.node$/.test(wish))
    return find([() => resolve(wish)], () => `REVIO_NATIVE=${wish}: no such file`)
  if (wish !== '' && wish !== '0' && wish !== '1') {
    throw new RevioError(
      'ERR_NATIVE',
      `REVIO_NATIVE=${wish}: expected 0 (don't load the addon), 1 (require it) or the path of its file`,
    )
  }
  const result = wish === '0' ? without('REVIO_NATIVE=0 asks for the portable transport') : findInPackage()
  if (result.error !== undefined && wish === '1') {
    throw new RevioError('ERR_NATIVE', `REVIO_NATIVE=1, but ${result.error.message}`, { cause: result.error })
  }
  return result
}

function without(why: string, cause?: unknown): Loaded {
  return { addon: undefined, error: new RevioError('ERR_NATIVE', why, { cause }) }
}

function findInPackage(): Loaded {
  const here = ownFile()
  const beside = (name: () => string) => () => fileURLToPath(new URL(name(), here))
  const carried = () => `prebuilds/${prebuilt()}`
  if (!/\/transport\/native\/load\.[jt]s$/.test(here)) {
    const why = () => `${here} is a bundle without an addon beside it; REVIO_NATIVE may name the addon's file`
    return find([() => './revio.node', () => `./${carried()}`].map(beside), why)
  }
  // One that was built here goes before the one that the package carries. Paths are from dist/lib/transport/native.
  const made = '../../../../lib/transport/native/src/build/Release/revio.node'
  const names = [() => './revio.node', () => made, () => `../../../${carried()}`]
  return find(names.map(beside), () => `no addon for ${system()}`)
}

/**
 * Loads the first of these files that can be. Whatever goes wrong with one of them is the reason why there is no addon,
 * and nothing worse: even to look for a file may be forbidden, or to know what it is called on this system.
 */
function find(places: readonly (() => string)[], absent: () => string): Loaded {
  const foreign = foreignRuntime()
  if (foreign !== undefined) return without(foreign)
  const looked: string[] = []
  let failure: Loaded | undefined
  for (const place of places) {
    try {
      const file = place()
      looked.push(file)
      if (existsSync(file)) return { addon: open(file), error: undefined }
    } catch (thrown) {
      failure ??= without(`the addon cannot be loaded: ${messageOf(thrown)}`, thrown)
    }
  }
  return failure ?? without(`${absent()}; looked for ${looked.join(' and ')}`)
}

/** What `require` does with an addon. A bundle may have none, and a file that was named may be called anything. */
function open(file: string): Addon {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports as Addon
}

/** The permission model tells apart from its message what it is that may not be read. */
function messageOf(thrown: unknown): string {
  const { message, resource } = asError(thrown) as Error & { resource?: string }
  return resource === undefined || resource === '' ? message : `${message}: ${resource}`
}

/** The URL of this file, or of the bundle that it has become part of. */
function ownFile(): string {
  const { url } = import.meta as { url?: string }
  if (url !== undefined && url !== '') return url
  // A bundle in CommonJS, or a single executable.
  return pathToFileURL(typeof __filename === 'string' ? __filename : process.execPath).href
}

/** Runtimes on which the addon is not even tried: they have libuv's names, and some abort the process when called. */
function foreignRuntime(): string | undefined {
  if (process.versions.bun !== undefined) return 'the addon does not run on Bun'
  if (process.versions.deno !== undefined) return 'the addon does not run on Deno'
  if (process.platform === 'win32') return 'the addon does not run on Windows'
  return undefined
}
