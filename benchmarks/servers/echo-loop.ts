import type { Events, LoopStart } from 'revio'
import { workFor } from './work.js'

/** The handlers of each loop of loops-echo.ts. With `who`, a loop first sends its number. */
export default function echo({ index, workerData }: LoopStart<{ work: number; who: boolean }>): Events {
  const greeting = workerData.who ? `${index}\n` : null
  return {
    opened: () => [greeting, { reuseInputBuffer: true }],
    data(_id, input) {
      if (input !== null) workFor(input, workerData.work)
      return [input]
    },
  }
}
