import { loadNative } from '../../../lib/transport/native/load.js'

/** Why there is no native transport to test; undefined if there is one. */
export function nativeMissing(): string | undefined {
  return loadNative().error?.message
}
