/**
 * Thrown by a command to reply with an error text. Not an `Error`, because a stack trace would cost more than the
 * command.
 */
export class Refusal {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export const WRONG_TYPE = new Refusal('WRONGTYPE Operation against a key holding the wrong kind of value')
export const NOT_AN_INTEGER = new Refusal('ERR value is not an integer or out of range')
export const NOT_A_FLOAT = new Refusal('ERR value is not a valid float')
export const NO_SUCH_KEY = new Refusal('ERR no such key')
export const SYNTAX_ERROR = new Refusal('ERR syntax error')
export const OUT_OF_RANGE = new Refusal('ERR index out of range')
