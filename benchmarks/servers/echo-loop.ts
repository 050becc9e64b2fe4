import type { Events, LoopStart } from 'revio'
import { work } from './work.js'

/** What each loop of loops-echo.ts does. */
export default function echo({ workerData }: LoopStart<{ work: number }>): Events {
  return {
    opened: () => [null, { reuseInputBuffer: true }],
    data(_id, input) {
      work(workerData.work)
      return [input]
    },
  }
}
