import { Worker } from 'node:worker_threads'
import type { Addon } from '../../../lib/transport/native/addon.js'
import { addonFile } from './harness.js'

/**
 * The code of a thread: an echo over only the addon, so that it starts fast. Posts its port, and exits with code 7
 * from within a turn when it receives `exit`.
 */
export function echoThread(require: NodeJS.Require, file: string): void {
  const { parentPort } = require('node:worker_threads')
  const { Poller } = require(file) as Addon
  const input = Buffer.from(new SharedArrayBuffer(256 * 1024))
  const events = new Int32Array(new SharedArrayBuffer(64 * 4 * 4))
  const writes = new Int32Array(new SharedArrayBuffer(64 * 4 * 4))

  function turn(count: number): void {
    let pending = 0
    for (let at = 0; at < count * 4; at += 4) {
      const [slot = 0, kind, value = 0, length = 0] = events.subarray(at, at + 4)
      if (kind === 1 || kind === 2) poller.close(slot, false)
      if (kind !== 0) continue
      if (input.toString('latin1', value, value + length) === 'exit') process.exit(7)
      writes.set([slot, 0, value, length], 4 * pending++)
    }
    poller.flush(pending, [])
  }

  const poller = new Poller(input, Buffer.from(new SharedArrayBuffer(1)), events, writes, turn)
  const listener = poller.listen('127.0.0.1', 0, 0, 1000, 511, true, false)
  poller.start()
  const names = poller.names(listener)
  parentPort.postMessage(typeof names === 'number' ? names : names[1])
}

/** A thread that runs `echoThread`. */
export function startEcho(): Worker {
  return startThread(echoThread, addonFile ?? '')
}

/** A thread that runs a function without access to its file: the thread gets its source as text. */
export function startThread<Data>(run: (require: NodeJS.Require, data: Data) => void, data: Data): Worker {
  const source = `(${run})(require, require('node:worker_threads').workerData)`
  return new Worker(source, { eval: true, execArgv: [], workerData: data })
}
