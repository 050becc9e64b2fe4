import type { Writable } from 'node:stream'

declare module 'ws' {
  /** Exported, but neither documented nor in the package's types. */
  class Receiver extends Writable {
    constructor(options: { isServer: boolean; maxPayload: number; maxFragments: number })
    override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void
  }
}
