import type { Events } from '../../../lib/index.js'

/** Records what happens to the connections of `events`. */
export function noted(events: Events, log: string[]): Events {
  return {
    ...events,
    opened(id, info) {
      log.push(`${id} opened`)
      return events.opened?.(id, info)
    },
    closed(id, error) {
      log.push(`${id} closed ${(error as NodeJS.ErrnoException | undefined)?.code ?? 'in order'}`)
      return events.closed?.(id, error, undefined)
    },
  }
}
