import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { asError, RevioError } from '../../errors.js'
import type { Addon } from './addon.js'

/** The addon, or why it is not there. */
export type Loaded =
  | { readonly addon: Addon; readonly error: undefined }
  | { readonly addon: undefined; readonly error: Error }

let loaded: Loaded | undefined

/**
 * Loads the addon, once. `REVIO_NATIVE=0` leaves it alone; `REVIO_NATIVE=1` insists on it.
 *
 * @throws `ERR_NATIVE` when it is insisted on and cannot be had, with the loader's own message.
 */
export function loadNative(): Loaded {
  loaded ??= load(process.env.REVIO_NATIVE ?? '')
  return loaded
}

function load(wish: string): Loaded {
  if (wish !== '' && wish !== '0' && wish !== '1') {
    throw new RevioError(
      'ERR_NATIVE',
      `REVIO_NATIVE=${wish}: 0 (leave the addon alone) or 1 (insist on it) is needed`,
    )
  }
  const result = wish === '0' ? without('REVIO_NATIVE=0 asks for the portable transport') : find()
  if (result.error !== undefined && wish === '1') {
    throw new RevioError('ERR_NATIVE', `REVIO_NATIVE=1, but ${result.error.message}`, { cause: result.error })
  }
  return result
}

function without(why: string, cause?: unknown): Loaded {
  return { addon: undefined, error: new RevioError('ERR_NATIVE', why, { cause }) }
}

function find(): Loaded {
  const foreign = foreignRuntime()
  if (foreign !== undefined) return without(foreign)
  const places = candidates()
  let failure: Loaded | undefined
  for (const place of places.filter(place => existsSync(place))) {
    try {
      return { addon: createRequire(import.meta.url)(place) as Addon, error: undefined }
    } catch (thrown) {
      failure ??= without(`the addon cannot be loaded: ${asError(thrown).message}`, thrown)
    }
  }
  return failure ?? without(`there is no addon for ${platform()}; looked for ${places.join(' and ')}`)
}

/** Runtimes on which the addon is not even tried: they have libuv's names, and some abort the process when called. */
function foreignRuntime(): string | undefined {
  if (process.versions.bun !== undefined) return 'the addon does not run on Bun'
  if (process.versions.deno !== undefined) return 'the addon does not run on Deno'
  if (process.platform === 'win32') return 'the addon does not run on Windows'
  return undefined
}

/** One that was built here goes before the one that the package carries. */
function candidates(): string[] {
  return ['./revio.node', './src/build/Release/revio.node', `../../prebuilds/${prebuilt()}`].map(place =>
    fileURLToPath(new URL(place, import.meta.url)),
  )
}

/** Where the package carries the addon for this machine: one for each platform and C library serves every Node. */
export function prebuilt(): string {
  const { platform: os, arch } = process
  return `${os}-${arch}/revio.${os === 'linux' ? `${libc()}.` : ''}node`
}

function platform(): string {
  return `${process.platform}-${process.arch}${process.platform === 'linux' ? ` (${libc()})` : ''}`
}

/**
 * Which C library this process runs on: the name of the dynamic linker stands near the start of the program's file.
 * To load the other one's addon and see what happens can end the process.
 */
function libc(): 'glibc' | 'musl' {
  const head = Buffer.alloc(4096)
  const file = openSync(process.execPath, 'r')
  try {
    readSync(file, head, 0, head.length, 0)
  } finally {
    closeSync(file)
  }
  return head.includes('/ld-musl-') ? 'musl' : 'glibc'
}
