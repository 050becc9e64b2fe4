import { parseArgs } from 'node:util'

/** The options of a server here. */
export interface ServerOptions {
  readonly port: number
  readonly copy: boolean
  /** The kind of layer. */
  readonly layer: string
  /** Paths of a key and its certificate. */
  readonly key: string
  readonly cert: string
  /** The number of event loops, or processes. */
  readonly loops: number
  /** How they share connections. */
  readonly balance: string
  /** Steps of work for each message. */
  readonly work: number
  /** Each loop sends its number to new connections. */
  readonly who: boolean
  /** The port that a proxy forwards to. */
  readonly target: number
}

/** Reads `--port N` and a server's other options. */
export function readOptions(): ServerOptions {
  const text = { type: 'string', default: '' } as const
  const { values } = parseArgs({
    options: {
      port: text,
      copy: { type: 'boolean', default: false },
      layer: text,
      key: text,
      cert: text,
      loops: { type: 'string', default: '2' },
      balance: { type: 'string', default: 'round-robin' },
      work: { type: 'string', default: '0' },
      target: text,
      who: { type: 'boolean', default: false },
    },
  })
  return {
    ...values,
    port: Number(values.port),
    loops: Number(values.loops),
    work: Number(values.work),
    target: Number(values.target),
  }
}
