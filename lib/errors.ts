import { textOf } from './show.js'

/** The codes of revio's own errors; docs/errors.md explains each. */
export type Code =
  | 'ERR_ADDRESS'
  | 'ERR_REPLY'
  | 'ERR_OPTION'
  | 'ERR_UNSUPPORTED'
  | 'ERR_NATIVE'
  | 'ERR_TLS'
  | 'ERR_ENDED'
  | 'ERR_STALLED'
  | 'ERR_WEBSOCKET'
  | 'EADDRINUSE'
  | 'ENOBUFS'
  | 'ETIMEDOUT'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'EPIPE'
  | 'EMSGSIZE'
  | 'ERR_HTTP'
  | 'ESTALE'

/** An `Error` with a stable `code`. Its message names the faulty value and what was expected. */
export class RevioError extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RevioError'
    this.code = code
  }
}

/** A system error about one of `serve`'s addresses, with its code and a message that names the address. */
export function addressError(text: string, cause: unknown): Error {
  const { code, message } = asError(cause) as NodeJS.ErrnoException
  if (message.startsWith(`address "${text}"`)) return asError(cause)
  return Object.assign(
    new Error(`address "${text}": ${message}`, { cause }),
    code === undefined ? {} : { code },
  )
}

/**
 * Converts a thrown value to an `Error`. Programs can throw anything, even values that can't be converted or
 * inspected.
 */
export function asError(thrown: unknown, thrower = 'a handler'): Error {
  if (isSoundError(thrown)) return thrown
  return new Error(`${thrower} threw ${textOf(thrown)}`, { cause: thrown })
}

/** Whether the value is an Error whose text can be read. */
function isSoundError(value: unknown): value is Error {
  try {
    return value instanceof Error && typeof `${value.name}: ${value.message}\n${value.stack}` === 'string'
  } catch {
    return false
  }
}
