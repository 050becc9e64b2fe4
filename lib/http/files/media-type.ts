import { extname } from 'node:path'
import { lookup } from 'mrmime'

/** Returns the media type for a file name; text is assumed to be UTF-8. */
export function mediaTypeOf(name: string): string {
  const type = lookup(extname(name)) ?? 'application/octet-stream'
  const isText =
    type.startsWith('text/') || /^application\/(?:javascript|json|xml|[a-z.-]*\+(?:json|xml))$/.test(type)
  return isText ? `${type}; charset=utf-8` : type
}
