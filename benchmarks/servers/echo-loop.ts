import type { Events, LoopStart } from 'revio'
import { workFor } from './work.js'

/** What each loop of loops-echo.ts does. With `who` it says first which one it is. */
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
