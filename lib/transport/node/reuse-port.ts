import type { Binding } from '../../address.js'
import { RevioError } from '../../errors.js'

/**
 * Checks that Node can share a port between processes.
 *
 * @param needed - What the option requires, for the message.
 * @throws `ERR_UNSUPPORTED`, naming the address.
 */
export function checkReusePort({ text }: Binding, needed: string): void {
  if (!canReusePort()) {
    throw new RevioError('ERR_UNSUPPORTED', `address "${text}": reuseport requires ${needed}`)
  }
}

function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}
