import { Buffer } from 'node:buffer'
import { types } from 'node:util'

/*
 * A program's Uint8Array may be of a subclass, or have properties of its own, that say anything. What is sent goes by
 * the memory that the array really has.
 */

const typedArray = Object.getPrototypeOf(Uint8Array.prototype)
const getLength = getter('length')
const getBuffer = getter('buffer')
const getOffset = getter('byteOffset')

/** True for a Uint8Array, also another realm's; false for what only inherits from one, as a Proxy does. */
export const isBytes: (value: unknown) => value is Uint8Array = types.isUint8Array

/** How many bytes there are: 0 when their memory has been detached. */
export function lengthOf(bytes: Uint8Array): number {
  return getLength.call(bytes) as number
}

/** The same memory, as an array without properties of a program's own. */
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
