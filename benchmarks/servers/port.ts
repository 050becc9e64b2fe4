import { parseArgs } from 'node:util'

/** What a server of ours is started with. */
export interface ServerOptions {
  readonly port: number
  readonly copy: boolean
  /** The kind of layer. */
  readonly layer: string
  /** Paths of a key and of its certificate. */
  readonly key: string
  readonly cert: string
  /** Event loops, or processes. */
  readonly loops: number
  /** How connections are shared out among them. */
  readonly balance: string
  /** Steps of work that each message takes. */
  readonly work: number
  /** Each loop says its number to those that come. */
  readonly who: boolean
  /** The port that a proxy leads to. */
  readonly target: number
}

/** `--port N`, and the options that a server has besides. */
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
