/* What a worker thread runs. */
import { parentPort, workerData } from 'node:worker_threads'
import { LoopThread } from './loop-thread.js'
import type { Start } from './protocol.js'

if (parentPort !== null) await LoopThread.begin(workerData as Start, parentPort)
