import { RevioError } from '../../errors.js'
import { show } from '../../show.js'
import type { AnsweringBody, HeaderList, HttpRequest, HttpResponse } from '../message.js'
import { accepted, type Encoding } from './encodings.js'
import { keep, kept, type Ready, SMALL } from './file-cache.js'
import { open } from './open.js'
import { type Target, targetOf } from './path.js'
import { describe, load, notFound } from './representation.js'
import { answer, withoutContent } from './respond.js'
import { SharedDescriptor } from './shared-descriptor.js'

/** Where files are, and how they are sent. */
export interface FileOptions {
  /** The folder that contains all files, after links are followed. */
  root: string
  /** The file that represents a folder; `''` for none. Default `index.html`. */
  index?: string
  /** Sends `a.js.br`, `a.js.zst` or `a.js.gz` instead of `a.js` if it exists and the peer accepts it. Default false. */
  precompressed?: boolean
  /** Fields of each response, such as `cache-control`. */
  headers?: HeaderList | undefined
}

/**
 * A file as the body of a response:
 *
 * ```ts
 * request: (id, req) => [{ body: file(req.path, { root: '/srv/www' }) }]
 * ```
 *
 * Sets the content type, `last-modified` and `etag`, and handles conditional and range requests. Fields of the
 * response override its own; a status in the response sends the whole file. Caches small files in memory until they
 * change, and sends large ones with the OS's help where possible.
 *
 * @param path - A URL path below `root`, with `%20` for a space. Gets status 404 if nothing is there, it leads outside
 * `root`, or a name starts with a dot.
 * @throws `ERR_OPTION` for an invalid option.
 */
export function file(path: string, options: FileOptions): FileBody {
  return new FileBody(path, checked(options))
}

/** The result of `file`. */
export class FileBody implements AnsweringBody {
  readonly #path: string
  readonly #options: FileOptions

  /** @internal */
  constructor(path: string, options: FileOptions) {
    if (typeof path !== 'string')
      throw new RevioError('ERR_OPTION', `file: expected a path; received ${typeof path}`)
    this.#path = path
    this.#options = options
  }

  /**
   * Returns the response to a request; `response` is what the program returned beside the body.
   *
   * @internal
   */
  respondTo(request: HttpRequest, response: HttpResponse): HttpResponse {
    const { root, index = 'index.html', precompressed = false, headers } = this.#options
    const target = targetOf(this.#path, root, index)
    const encodings = precompressed ? accepted(request.headers.get('accept-encoding')) : []
    const fields = response.headers ?? headers
    for (const encoding of encodings) {
      const found = this.#find(target, encoding)
      if (typeof found === 'object') return answer(found, request, response, fields)
    }
    const found = this.#find(target, undefined)
    if (found === undefined) throw notFound()
    if (found === 'folder') {
      if (target.isFolder || index === '') throw notFound()
      return redirect(request, response, fields)
    }
    return answer(found, request, response, fields)
  }

  #find({ place, key: base }: Target, encoding: Encoding | undefined): Ready | 'folder' | undefined {
    const { root, precompressed = false } = this.#options
    const at = `${place}${encoding?.suffix ?? ''}`
    const key = base + (encoding?.name ?? (precompressed ? '*' : ''))
    const known = kept(key, at, root)
    if (known !== undefined) return known
    const opened = open(at, root)
    if (opened === undefined) return undefined
    const descriptor = new SharedDescriptor(opened.fd, opened.stats)
    try {
      if (!opened.stats.isFile()) return opened.stats.isDirectory() ? 'folder' : undefined
      const what = describe(opened, place, encoding, precompressed)
      const whole = what.size <= SMALL ? load(what, opened.fd) : undefined
      const ready = { what: whole ?? what, descriptor: whole === undefined ? descriptor : undefined }
      keep(key, { place: at, root }, ready, opened)
      ready.descriptor?.use()
      return ready
    } finally {
      descriptor.release()
    }
  }
}

/** Redirects to the folder's name with a slash, so that relative links in its index work. */
function redirect(
  request: HttpRequest,
  response: HttpResponse,
  fields: HeaderList | undefined,
): HttpResponse {
  const query = request.target.indexOf('?')
  // Two slashes at the start would be another host.
  const path = request.path.replace(/^\/+/, '/')
  const location = `${path}/${query < 0 ? '' : request.target.slice(query)}`
  return { ...response, status: 301, headers: withoutContent([['Location', location]], fields), body: '' }
}

/** @throws `ERR_OPTION` for an invalid option. */
export function checked(options: FileOptions): FileOptions {
  const { root, index, precompressed } = options ?? {}
  if (typeof root !== 'string' || root === '') {
    throw new RevioError('ERR_OPTION', `file: option root: expected a folder; received ${show(root)}`)
  }
  if (index !== undefined && (typeof index !== 'string' || /[/\\\0]/.test(index))) {
    throw new RevioError('ERR_OPTION', `file: option index: expected a file's name; received ${show(index)}`)
  }
  if (precompressed !== undefined && typeof precompressed !== 'boolean') {
    throw new RevioError(
      'ERR_OPTION',
      `file: option precompressed: expected a boolean; received ${show(precompressed)}`,
    )
  }
  return options
}
