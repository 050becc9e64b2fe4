import { readFileSync } from 'node:fs'

/** The kernel's counters for connections that arrive faster than they are accepted; for the whole machine. */
export interface Syns {
  /** Retransmitted connection requests. */
  readonly again: number
  /** How often a listener's backlog was full. */
  readonly overflows: number
}

export function syns(): Syns {
  return synsIn(readFileSync('/proc/net/netstat', 'latin1'))
}

/** /proc/net/netstat has a line of names and a line of values for each group. */
export function synsIn(netstat: string): Syns {
  const [names = [], values = []] = netstat
    .split('\n')
    .filter(line => line.startsWith('TcpExt:'))
    .map(line => line.split(' '))
  const counted = (name: string) => {
    const at = names.indexOf(name)
    if (at === -1) throw new Error(`there is no ${name} in /proc/net/netstat`)
    return Number(values[at])
  }
  return { again: counted('TCPSynRetrans'), overflows: counted('ListenOverflows') }
}
