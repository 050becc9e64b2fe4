import { RevioError } from './errors.js'
import { show } from './show.js'

/** @throws `ERR_OPTION` unless options are an object; `what` received them. */
export function checkObject(options: unknown, what?: string): asserts options is object {
  if (typeof options === 'object' && options !== null) return
  const where = what === undefined ? '' : `${what}: `
  throw new RevioError('ERR_OPTION', `${where}options must be an object; received ${show(options)}`)
}
