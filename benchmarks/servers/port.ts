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
}

/** `--port N`, and the options that a server has besides. */
export function readOptions(): ServerOptions {
  const text = { type: 'string', default: '' } as const
  const { values } = parseArgs({
    options: { port: text, copy: { type: 'boolean', default: false }, layer: text, key: text, cert: text },
  })
  return { ...values, port: Number(values.port) }
}
