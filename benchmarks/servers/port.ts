import { parseArgs } from 'node:util'

/** `--port N` and the flags that a server of ours is started with. */
export function readOptions(): { port: number; copy: boolean } {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, copy: { type: 'boolean', default: false } },
  })
  return { port: Number(values.port), copy: values.copy }
}
