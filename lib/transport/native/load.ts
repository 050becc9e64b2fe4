import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { asError, RevioError } from '../../errors.js'
import type { Addon } from './addon.js'
import { prebuilt, system } from './platform.js'

export { prebuilt }

/** The addon, or why it is unavailable. */
export type Loaded =
  | { readonly addon: Addon; readonly error: undefined }
  | { readonly addon: undefined; readonly error: Error }

let loaded: Loaded | undefined

/**
 * Loads the addon, once. `REVIO_NATIVE=0` disables it, `REVIO_NATIVE=1` requires it, and a path names its file.
 *
 * @throws `ERR_NATIVE` with the loader's message, if the addon is required and cannot be loaded.
 */
export function loadNative(): Loaded {
  loaded ??= load(process.env.REVIO_NATIVE ?? '')
  return loaded
}

/**
 * Returns why the addon has no TLS, or undefined if it has. It uses the OpenSSL of the process, which must be version
 * 3.
 *
 * @throws `ERR_NATIVE` if the addon is required.
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
  // An addon that was built here takes precedence over the package's prebuilt one. Paths are relative to
  // dist/lib/transport/native.
  const made = '../../../../lib/transport/native/src/build/Release/revio.node'
  const names = [() => './revio.node', () => made, () => `../../../${carried()}`]
  return find(names.map(beside), () => `no addon for ${system()}`)
}

/**
 * Loads the first of these files that can be loaded. Any failure only means that the addon is unavailable: even
 * checking for a file may be forbidden, or the system may have no known addon name.
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

/**
 * Loads an addon as `require` does. A bundle may have no `require`, and a file named by the user may have any
 * extension.
 */
function open(file: string): Addon {
  const module = { exports: {} }
  process.dlopen(module, file)
  return module.exports as Addon
}

/** The permission model's error has the forbidden resource in a property, and not in its message. */
function messageOf(thrown: unknown): string {
  const { message, resource } = asError(thrown) as Error & { resource?: string }
  return resource === undefined || resource === '' ? message : `${message}: ${resource}`
}

/** The URL of this file, or of the bundle that contains it. */
function ownFile(): string {
  const { url } = import.meta as { url?: string }
  if (url !== undefined && url !== '') return url
  // A CommonJS bundle, or a single executable.
  return pathToFileURL(typeof __filename === 'string' ? __filename : process.execPath).href
}

/**
 * Runtimes on which revio does not try to load the addon: they export libuv's names, and some abort the process when
 * they are called.
 */
function foreignRuntime(): string | undefined {
  if (process.versions.bun !== undefined) return 'the addon does not run on Bun'
  if (process.versions.deno !== undefined) return 'the addon does not run on Deno'
  if (process.platform === 'win32') return 'the addon does not run on Windows'
  return undefined
}
