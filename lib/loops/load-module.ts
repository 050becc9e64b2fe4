import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { RevioError } from '../errors.js'
import type { Handlers } from '../events.js'
import { checkHandlers } from '../loop/handlers.js'
import { isA, show } from '../show.js'
import type { LoopStart } from './options.js'

/**
 * Resolves a module: a URL, or a path relative to the working directory.
 *
 * @throws `ERR_OPTION` for anything else.
 */
export function moduleUrl(module: unknown, what: string): string {
  if (isA(module, URL)) return module.href
  if (typeof module !== 'string' || module === '') {
    throw new RevioError('ERR_OPTION', `${what}: expected a module's URL or path; received ${show(module)}`)
  }
  return /^(?:file|data|node):/.test(module) ? module : pathToFileURL(resolve(module)).href
}

/**
 * Returns a module's handlers. `version` 0 is the module as first loaded; any other reloads it, while its imports
 * stay cached.
 *
 * @throws what the module throws; `ERR_OPTION` unless its default export is handlers, or a function that returns
 *   them.
 */
export async function loadHandlers(url: string, start: LoopStart, version = 0): Promise<Handlers<unknown>> {
  if (version > 0) forgetCommonJs(url)
  const again =
    version > 0 && url.startsWith('file:') ? `${url}${url.includes('?') ? '&' : '?'}revio=${version}` : url
  const made = exported(await import(again))
  const events: unknown = typeof made === 'function' ? await made(start) : made
  if (events === undefined) {
    throw new RevioError(
      'ERR_OPTION',
      `module ${url}: expected a default export of handlers, or of a function that returns them`,
    )
  }
  checkHandlers(events, `module ${url}`)
  return events
}

/** The default export; for a CommonJS module compiled from an ES module, its original default. */
function exported(module: { default?: unknown }): unknown {
  const inner = module.default as { __esModule?: unknown; default?: unknown } | null | undefined
  return inner?.__esModule === true ? inner.default : inner
}

function forgetCommonJs(url: string): void {
  if (!url.startsWith('file:')) return
  delete createRequire(url).cache[fileURLToPath(url)]
}
