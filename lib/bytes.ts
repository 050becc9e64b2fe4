import { Buffer } from 'node:buffer'
import { types } from 'node:util'

/*
 * A program's Uint8Array may be of a subclass or have properties of its own, and report any length or offset. These
 * functions read the array's actual memory instead.
 */

const typedArray = Object.getPrototypeOf(Uint8Array.prototype)
const getLength = getter('length')
const getBuffer = getter('buffer')
const getOffset = getter('byteOffset')

/** True for a Uint8Array of any realm; false for an object that only inherits from it, such as a Proxy. */
export const isBytes: (value: unknown) => value is Uint8Array = types.isUint8Array

/** The length in bytes; 0 if the memory was detached. */
export function lengthOf(bytes: Uint8Array): number {
  return getLength.call(bytes) as number
}

/** The same memory as a plain array, without the program's own properties. */
export function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(
    getBuffer.call(bytes) as ArrayBuffer,
    getOffset.call(bytes) as number,
    lengthOf(bytes),
  )
}

export function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(lengthOf(bytes))
  copy.set(bytes)
  return copy
}

function getter(name: string): (this: Uint8Array) => unknown {
  const get = Object.getOwnPropertyDescriptor(typedArray, name)?.get
  if (get === undefined) throw new Error(`typed arrays have no ${name}`)
  return get
}
