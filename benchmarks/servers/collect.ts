import { Session } from 'node:inspector'

// Preloaded into a Node.js server by the memory benches. On a signal V8 collects garbage as if the system were short
// of memory. It also releases the memory that it keeps for new objects, up to 32 MiB, which does not belong to a
// connection.

const session = new Session()
session.connect()
process.on('SIGUSR2', () => session.post('HeapProfiler.collectGarbage'))
