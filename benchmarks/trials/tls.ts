/** One case of the bench: what a request is, and how many are in flight on a connection. */
export interface TlsTrial {
  readonly key: string
  readonly name: string
  readonly group: string
  readonly size: number
  readonly inFlight: number
  /** Sends each message in its own record; otherwise those that are sent at once share one. */
  readonly single: boolean
  readonly handshakes?: 'full' | 'resumed'
}

const echo = { single: false, inFlight: 1 } as const

export const tlsTrials: readonly TlsTrial[] = [
  { key: 'one', name: '64 B', group: '1 in flight', size: 64, ...echo },
  { key: 'batch', name: '64 B', group: '16 in flight, one record', size: 64, ...echo, inFlight: 16 },
  {
    key: 'records',
    name: '64 B',
    group: '16 in flight, a record each',
    size: 64,
    inFlight: 16,
    single: true,
  },
  { key: '16k', name: '16 KiB', group: '1 in flight', size: 16_384, ...echo },
  { key: '64k', name: '64 KiB', group: '1 in flight', size: 65_536, ...echo },
  { key: 'full', name: 'connection', group: 'full handshake', size: 64, ...echo, handshakes: 'full' },
  {
    key: 'resumed',
    name: 'connection',
    group: 'resumed handshake',
    size: 64,
    ...echo,
    handshakes: 'resumed',
  },
]
