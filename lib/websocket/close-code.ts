import { isUtf8 } from 'node:buffer'
import { RevioError } from '../errors.js'
import { show } from '../show.js'
import { MAX_CONTROL } from './frame.js'

/** The close codes that RFC 6455 defines, section 7.4.1. */
export const CloseCode = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  Unsupported: 1003,
  /** The peer's close frame has no code. Never on the wire. */
  NoStatus: 1005,
  /** The connection ended without a close frame. Never on the wire. */
  Abnormal: 1006,
  InvalidPayload: 1007,
  PolicyViolation: 1008,
  TooBig: 1009,
  InternalError: 1011,
  TryAgainLater: 1013,
} as const

/** The content of a close frame. */
export interface Closing {
  readonly code: number
  readonly reason: string
}

/** What is wrong with the input, and the close code that answers it. */
export interface Violation {
  readonly code: number
  readonly message: string
}

/** Whether a close frame may carry this code. */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006
}

/** Reads the payload of a close frame. */
export function readClosing(payload: Buffer): Closing | Violation {
  const { length } = payload
  if (length === 0) return { code: CloseCode.NoStatus, reason: '' }
  if (length === 1) return { code: CloseCode.ProtocolError, message: 'a close frame with half a code' }
  const code = payload.readUInt16BE(0)
  if (!isCloseCode(code)) {
    return { code: CloseCode.ProtocolError, message: `close code ${code} must not be sent` }
  }
  const reason = payload.subarray(2)
  if (!isUtf8(reason)) {
    return { code: CloseCode.InvalidPayload, message: 'the reason of a close frame is not UTF-8' }
  }
  return { code, reason: reason.toString() }
}

/**
 * Returns the payload of a close frame.
 *
 * @throws `ERR_OPTION` for a code that must not be sent, or a reason longer than 123 bytes.
 */
export function closePayload(code: number | undefined, reason = ''): Buffer {
  if (code === undefined && reason === '') return Buffer.alloc(0)
  const sent = code ?? CloseCode.Normal
  if (!Number.isInteger(sent) || !isCloseCode(sent)) {
    throw new RevioError(
      'ERR_OPTION',
      `close code ${show(code)}: expected 1000 to 1003, 1007 to 1014, or 3000 to 4999`,
    )
  }
  if (typeof reason !== 'string') {
    throw new RevioError('ERR_OPTION', `a close reason must be a string; received ${typeof reason}`)
  }
  const size = Buffer.byteLength(reason)
  if (size > MAX_CONTROL - 2) {
    throw new RevioError('ERR_OPTION', `a close reason of ${size} bytes is longer than ${MAX_CONTROL - 2}`)
  }
  const payload = Buffer.alloc(2 + size)
  payload.writeUInt16BE(sent)
  payload.write(reason, 2)
  return payload
}
