/** The codes of the errors that revio itself raises; docs/errors.md says what each means and what to do. */
export type Code =
  | 'ERR_ADDRESS'
  | 'ERR_REPLY'
  | 'ERR_OPTION'
  | 'ERR_UNSUPPORTED'
  | 'ERR_NATIVE'
  | 'EADDRINUSE'
  | 'ENOBUFS'
  | 'ETIMEDOUT'
  | 'ECONNRESET'
  | 'ECONNABORTED'
  | 'EPIPE'
  | 'EMSGSIZE'

/** An `Error` with a stable `code`. Its message names what was wrong, and with what. */
export class RevioError extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RevioError'
    this.code = code
  }
}

/** A system's error about one of `serve`'s addresses: its code, and a message that names the address. */
export function addressError(text: string, cause: unknown): Error {
  const { code, message } = asError(cause) as NodeJS.ErrnoException
  if (message.startsWith(`address "${text}"`)) return asError(cause)
  return Object.assign(
    new Error(`address "${text}": ${message}`, { cause }),
    code === undefined ? {} : { code },
  )
}

/** What was thrown as an `Error`: handlers may throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`a handler threw ${String(thrown)}`, { cause: thrown })
}
