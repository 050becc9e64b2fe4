import { Action } from '../action.js'
import { RevioError } from '../errors.js'
import { kindOf, show } from '../show.js'
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
  return typeof action === 'object' && action !== null
}

export function isSending(then: Action | CloseRequest | MessageSending | undefined): then is MessageSending {
  return isCloseRequest(then) && ('action' in then || 'token' in then)
}

/**
 * @throws `ERR_REPLY` unless a WebSocket connection supports the action; `ERR_OPTION` for a close code that can't be
 * sent.
 */
export function checkAction(action: unknown): void {
  if (isCloseRequest(action)) closePayload(action.code, action.reason)
  else if (!ACTIONS.includes(action)) {
    throw new RevioError('ERR_REPLY', `${show(action)} is not an action of a WebSocket connection`)
  }
}

/** @throws `ERR_OPTION` unless it is a string. */
export function checkTopic(topic: unknown): asserts topic is string {
  if (typeof topic === 'string') return
  throw new RevioError('ERR_OPTION', `a topic must be a string; received ${kindOf(topic)}`)
}

/** @throws `ERR_OPTION`, naming the unknown or invalid option. */
export function checkPublishing(how: Publishing): Publishing {
  if (typeof how !== 'object' || how === null) {
    throw new RevioError('ERR_OPTION', `publish: options must be an object; received ${kindOf(how)}`)
  }
  for (const name of Object.keys(how)) {
    if (name === 'except' || name === 'slow') continue
    throw new RevioError('ERR_OPTION', `publish: unknown option "${name}"; known options are except, slow`)
  }
  if (how.slow !== undefined) checkSlow(how.slow)
  if (how.except !== undefined && typeof how.except !== 'number') {
    throw new RevioError('ERR_OPTION', `option except: expected an id; received ${kindOf(how.except)}`)
  }
  return how
}
