/** Counters since the start, or since CONFIG RESETSTAT. */
export class Statistics {
  connections = 0
  commands = 0
  inputBytes = 0
  outputBytes = 0
  expired = 0

  reset(): void {
    this.connections = 0
    this.commands = 0
    this.inputBytes = 0
    this.outputBytes = 0
    this.expired = 0
  }
}
