import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = '/proc/self/fd'

/** How many descriptors this process has open; undefined where the system does not tell. */
export function openDescriptors(): number | undefined {
  try {
    return readdirSync(FOLDER).filter(isOurs).length
  } catch {
    return undefined
  }
}

/** Not so the one that libuv keeps in reserve, which it opens when a loop listens first; nor the listing's own. */
function isOurs(name: string): boolean {
  try {
    return readlinkSync(join(FOLDER, name)) !== '/dev/null'
  } catch {
    return false
  }
}
