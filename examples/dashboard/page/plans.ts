import type { Line, Plan } from './chart.js'
import type { Point, Rates } from './history.js'

/** The charts for a program with this many loops. */
export function plansFor(loops: number): Plan[] {
  const each = (of: (rates: Rates) => number | null): Line[] =>
    loops === 1
      ? [{ name: '', color: 0, of: ({ total }) => of(total) }]
      : Array.from({ length: loops }, (_, index) => ({
          name: `loop ${index}`,
          color: index % 8,
          of: ({ loops }) => (loops[index] ? of(loops[index]) : null),
        }))
  return [
    { id: 'events', title: 'Events', kind: 'rate', stacked: true, lines: each(({ events }) => events) },
    {
      id: 'traffic',
      title: 'Traffic',
      kind: 'traffic',
      lines: [
        { name: 'in', color: 0, of: ({ total }) => total.bytesIn },
        { name: 'out', color: 1, of: ({ total }) => total.bytesOut },
      ],
    },
    {
      id: 'connections',
      title: 'Connections',
      kind: 'count',
      stacked: true,
      lines: each(({ connections }) => connections),
    },
    { id: 'busy', title: 'Time in turns', kind: 'share', lines: each(({ busy }) => busy) },
    { id: 'turn', title: 'Mean turn', kind: 'time', lines: each(({ meanTurn }) => meanTurn) },
    { id: 'pending', title: 'Unsent output', kind: 'bytes', lines: each(({ pending }) => pending) },
    {
      id: 'memory',
      title: 'Memory',
      kind: 'bytes',
      lines: [
        { name: 'resident', color: 0, of: ({ sample }) => sample.rss },
        { name: 'heap', color: 1, of: ({ sample }) => sample.heapUsed },
        { name: 'buffers', color: 2, of: ({ sample }) => sample.arrayBuffers },
      ],
    },
    {
      id: 'tls',
      title: 'TLS handshakes',
      kind: 'rate',
      shown: points => points.some(hasHandshakes),
      lines: [
        { name: 'full', color: 0, of: ({ total }) => total.handshakes - total.resumed },
        { name: 'resumed', color: 2, of: ({ total }) => total.resumed },
        { name: 'failed', color: 3, of: ({ total }) => total.handshakesFailed },
      ],
    },
  ]
}

function hasHandshakes({ sample }: Point): boolean {
  return sample.loops.some(({ handshakes, handshakesFailed }) => handshakes + handshakesFailed > 0)
}
