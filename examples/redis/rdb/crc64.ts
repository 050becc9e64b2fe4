/** The polynomial of Jones, its bits in reverse, as a dump has it. */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n

/** For each byte the checksum's lower and upper half. */
const LOW = new Int32Array(256)
const HIGH = new Int32Array(256)

for (let byte = 0; byte < 256; byte++) {
  let value = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) value = (value & 1n) === 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n
  LOW[byte] = Number(BigInt.asIntN(32, value))
  HIGH[byte] = Number(BigInt.asIntN(32, value >> 32n))
}

/** The checksum at the end of a dump, of 64 bits, which are computed in two halves. */
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
