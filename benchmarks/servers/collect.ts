import { Session } from 'node:inspector'

// Loaded before a Node.js server by the memory benches: when a signal asks for it, V8 collects garbage as it does where the
// system is short of memory. It gives back what it has kept for new objects, too, up to 32 MiB: that is not a connection's.

const session = new Session()
session.connect()
process.on('SIGUSR2', () => session.post('HeapProfiler.collectGarbage'))
