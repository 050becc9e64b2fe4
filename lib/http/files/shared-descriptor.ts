import { type BigIntStats, closeSync } from 'node:fs'
import { FileRegion, FileState } from '../../file-region.js'

/** A file descriptor shared by several pieces of output; the last release closes it. */
export class SharedDescriptor {
  readonly #fd: number
  readonly #state: FileState
  #users = 1

  /** `stats` are those that the response describes: only that version is sent. */
  constructor(fd: number, stats: BigIntStats) {
    this.#fd = fd
    this.#state = new FileState(stats)
  }

  /** Adds a user. */
  use(): void {
    this.#users++
  }

  region(start: number, end: number): FileRegion {
    const region = new FileRegion({ fd: this.#fd, start, end, done: () => this.release() }, this.#state)
    this.#users++
    return region
  }

  release(): void {
    if (--this.#users === 0) closeSync(this.#fd)
  }
}
