import { readdirSync } from 'node:fs'

/** How many descriptors this process has open; undefined where the system does not tell. */
export function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
