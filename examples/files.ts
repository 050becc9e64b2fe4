import { statSync } from 'node:fs'
import { files, http } from 'revio/http'
import { curl } from './curl.js'
import { UsageError } from './options.js'
import { run } from './program.js'

export const program = await run({
  module: import.meta.url,
  command: 'npm run files',
  about: 'Serves the files of a folder over HTTP: ranges, conditions, index.html, compressed siblings.',
  port: 8080,
  extras: { root: { value: 'DIR', about: 'the folder', preset: '.' } },
  hint: first => `; try: ${curl(first, '-I')}`,
  events(chosen) {
    const root = chosen.values('root').at(-1) ?? '.'
    if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`--root ${root}: not a folder`)
    }
    return http(files({ root, precompressed: true }))
  },
})
