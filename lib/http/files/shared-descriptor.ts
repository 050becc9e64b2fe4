import { closeSync } from 'node:fs'
import { FileRegion } from '../../file-region.js'

/** A file descriptor shared by several pieces of output; the last release closes it. */
export class SharedDescriptor {
  readonly #fd: number
  #users = 1

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Adds a user. */
  use(): void {
    this.#users++
  }

  region(start: number, end: number): FileRegion {
    const region = new FileRegion({ fd: this.#fd, start, end, done: () => this.release() })
    this.#users++
    return region
  }

  release(): void {
    if (--this.#users === 0) closeSync(this.#fd)
  }
}
