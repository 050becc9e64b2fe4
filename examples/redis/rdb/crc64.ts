/** The Jones polynomial with its bits reversed, as in a dump. */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n

/** The lower and upper half of the checksum for each byte. */
const LOW = new Int32Array(256)
const HIGH = new Int32Array(256)

for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n
  LOW[byte] = Number(BigInt.asIntN(32, value))
  HIGH[byte] = Number(BigInt.asIntN(32, value >> 32n))
}

/** The 64-bit checksum at the end of a dump, computed in two halves. */
export function crc64(bytes: Uint8Array): bigint {
  let low = 0
  let high = 0
  for (const byte of bytes) {
    const index = (low ^ byte) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ (LOW[index] as number)
    high = (high >>> 8) ^ (HIGH[index] as number)
  }
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}
