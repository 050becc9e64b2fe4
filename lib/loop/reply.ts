import { Buffer } from 'node:buffer'
import { Action, isAction } from '../action.js'
import { copyOf, isBytes, lengthOf } from '../bytes.js'
import { RevioError } from '../errors.js'
import type { Chunk, Out, Sending } from '../events.js'
import { FileRegion } from '../file-region.js'
import { classOf, isArray } from '../show.js'

/** Bytes of a chunk on the wire. */
export function sizeOf(chunk: Uint8Array | string): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : lengthOf(chunk)
}

/** Whether output is an array of pieces. */
export function isList(out: Chunk | readonly Chunk[]): out is readonly Chunk[] {
  return Array.isArray(out)
}

/** Discards output, releasing its descriptors to the program. */
export function releaseFiles(out: Out): void {
  if (out === undefined || out === null) return
  for (const chunk of isList(out) ? out : [out]) {
    if (!FileRegion.is(chunk)) continue
    chunk.give()
    chunk.release()
  }
}

/**
 * Copies output into one piece of memory; undefined if there is none. An empty chunk is output, and an empty array is
 * not.
 */
export function bytesOf(out: Out): Buffer | undefined {
  if (out === undefined || out === null) return undefined
  if (!isList(out)) return copyOfChunk(out)
  return out.length === 0 ? undefined : Buffer.concat(out.map(copyOfChunk))
}

function copyOfChunk(chunk: Chunk): Buffer {
  if (FileRegion.is(chunk)) {
    throw new RevioError('ERR_REPLY', 'a FileRegion cannot be sent as a datagram')
  }
  return typeof chunk === 'string' ? Buffer.from(chunk) : copyOf(chunk)
}

/** @throws `ERR_REPLY` unless `opened` may return `opening`. */
export function checkOpening(opening: unknown): asserts opening is readonly unknown[] {
  if (isArray(opening)) return
  throw new RevioError(
    'ERR_REPLY',
    `opened returned ${describe(opening)}: expected nothing or [out, options, action]`,
  )
}

/** @throws `ERR_OPTION` for an action in place of the options. */
export function checkNoAction(options: unknown): void {
  if (!isAction(options)) return
  const message = `opened returned ${options} as its options: the action comes third, as in [out, options, action]`
  throw new RevioError('ERR_OPTION', message)
}

/** @throws `ERR_REPLY` unless `tick` may return this. */
export function checkTick(tick: unknown): asserts tick is readonly unknown[] {
  if (isArray(tick)) return
  throw new RevioError('ERR_REPLY', `tick returned ${describe(tick)}: expected nothing or [delay, action]`)
}

/** @throws `ERR_REPLY` unless a handler may return `reply`. */
export function checkReply(reply: unknown, handler: string): asserts reply is readonly unknown[] {
  if (isArray(reply)) return
  throw new RevioError(
    'ERR_REPLY',
    `${handler} returned ${describe(reply)}: expected nothing or an array such as [out, action]`,
  )
}

/**
 * The action that a handler returned; nothing is `Action.None`.
 *
 * @throws `ERR_REPLY` unless it is an Action or nothing.
 */
export function asAction(action: unknown, handler: string): Action {
  if (action === undefined) return Action.None
  if (isAction(action)) return action
  throw new RevioError(
    'ERR_REPLY',
    `${handler}: invalid action ${describe(action)}: expected a value of Action`,
  )
}

/** Nothing is to follow. */
const NOTHING: Sending = { action: Action.None, token: undefined, shared: false }

/**
 * The action and token of a `send`.
 *
 * @throws `ERR_REPLY` unless `how` is an Action, or a `Sending` object.
 */
export function asSending(how: unknown): Sending {
  if (how === undefined) return NOTHING
  if (typeof how !== 'object' || how === null) return { action: asAction(how, 'send') }
  for (const name in how) {
    if (name === 'action' || name === 'token' || name === 'shared') continue
    throw new RevioError(
      'ERR_REPLY',
      `send: unknown option "${name}"; known options are action, token, shared`,
    )
  }
  const { action, token, shared = false }: Sending = how
  return { action: asAction(action, 'send'), token, shared }
}

/**
 * Checks output. A list is read once, into a list of the loop's own: the program's may answer differently the next
 * time, if it has getters or is a Proxy.
 *
 * @throws `ERR_REPLY` unless `out` is output.
 */
export function asOut(out: unknown, handler: string): Out {
  if (out === undefined || out === null || isChunk(out)) return out
  if (!isArray(out)) {
    throw new RevioError('ERR_REPLY', `${handler}: invalid output ${describe(out)}: ${EXPECTED}`)
  }
  const chunks: Chunk[] = []
  for (const chunk of out) {
    if (!isChunk(chunk)) {
      throw new RevioError(
        'ERR_REPLY',
        `${handler}: invalid output, an array with ${describe(chunk)}: ${EXPECTED}`,
      )
    }
    chunks.push(chunk)
  }
  return chunks
}

const EXPECTED = 'expected a string, a Uint8Array, a FileRegion, a list of them, or nothing'

function isChunk(value: unknown): value is Chunk {
  return typeof value === 'string' || isBytes(value) || FileRegion.is(value)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'undefined') return 'undefined'
  const kind = typeof value === 'object' ? (classOf(value) ?? 'bare object') : typeof value
  return `${/^[aeio]/i.test(kind) ? 'an' : 'a'} ${kind}`
}
