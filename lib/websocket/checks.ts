import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import { isArray, kindOf, show } from '../show.js'
import { closePayload } from './close-code.js'
import type { CloseRequest, MessageSending } from './handlers.js'
import { checkSlow } from './options.js'
import type { Publishing } from './types.js'

const ACTIONS: readonly unknown[] = [
  undefined,
  Action.None,
  Action.Close,
  Action.End,
  Action.Reset,
  Action.Shutdown,
]

export function isCloseRequest(action: unknown): action is CloseRequest {
  return typeof action === 'object' && action !== null && !isArray(action)
}

/**
 * Checks an action that a handler returned or a `send` was given.
 *
 * @throws `ERR_REPLY` unless a WebSocket connection supports the action; `ERR_OPTION` for an unknown option of a close
 * request, or a close code that can't be sent.
 */
export function checkAction(action: unknown): void {
  if (isCloseRequest(action)) {
    checkNames('a close request', action, ['code', 'reason'])
    closePayload(action.code, action.reason)
  } else if (!ACTIONS.includes(action)) {
    throw new RevioError('ERR_REPLY', `${show(action)} is not an action of a WebSocket connection`)
  }
}

/**
 * The action and token of a `send`.
 *
 * @throws `ERR_OPTION` for an unknown option, and as `checkAction` does.
 */
export function checkSending(then: Action | CloseRequest | MessageSending | undefined): MessageSending {
  const sending: MessageSending = isSending(then) ? then : { action: then }
  checkNames('send', sending, ['action', 'token'])
  const { action, token } = sending
  checkAction(action)
  return { action, token }
}

function isSending(then: Action | CloseRequest | MessageSending | undefined): then is MessageSending {
  return isCloseRequest(then) && ('action' in then || 'token' in then)
}

/** @throws `ERR_OPTION` unless it is a string. */
export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic === 'string') return
  throw new RevioError('ERR_OPTION', `a topic must be a string; received ${kindOf(topic)}`)
}

/** @throws `ERR_OPTION` unless it is iterable. */
export function checkIds(ids: unknown): asserts ids is Iterable<number> {
  if (typeof (ids as Iterable<number> | null | undefined)?.[Symbol.iterator] === 'function') return
  throw new RevioError('ERR_OPTION', `broadcast: ids must be iterable; received ${kindOf(ids)}`)
}

/** @throws `ERR_OPTION`, naming the unknown or invalid option. */
export function checkPublishing(how: Publishing): Publishing {
  if (typeof how !== 'object' || how === null) {
    throw new RevioError('ERR_OPTION', `publish: options must be an object; received ${kindOf(how)}`)
  }
  checkNames('publish', how, ['except', 'slow'])
  if (how.slow !== undefined) checkSlow(how.slow)
  if (how.except !== undefined && typeof how.except !== 'number') {
    throw new RevioError('ERR_OPTION', `option except: expected an id; received ${kindOf(how.except)}`)
  }
  return how
}

function checkNames(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find(name => !known.includes(name))
  if (unknown === undefined) return
  const message = `${what}: unknown option "${unknown}"; known options are ${known.join(', ')}`
  throw new RevioError('ERR_OPTION', message)
}
