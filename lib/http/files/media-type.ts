import { extname } from 'node:path'
import { lookup } from 'mrmime'

/** The media type of a file by its name; text is taken to be UTF-8. */
export function mediaTypeOf(name: string): string {
  const type = lookup(extname(name)) ?? 'application/octet-stream'
  const isText =
    type.startsWith('text/') || /^application\/(?:javascript|json|xml|[a-z.-]*\+(?:json|xml))$/.test(type)
  return isText ? `${type}; charset=utf-8` : type
}
