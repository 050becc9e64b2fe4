import { closeSync } from 'node:fs'
import { FileRegion } from '../../file-region.js'

/** The descriptor of a file that several pieces of output share; closed when the last that has it releases it. */
export class SharedDescriptor {
  readonly #fd: number
  #users = 1

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Somebody else has it as well. */
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
