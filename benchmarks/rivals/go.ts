import { compile } from '../compile.js'
import type { Rival } from '../plan.js'
import { go, versionOf } from '../programs.js'

/** Go's net package, on all cores. */
export const goEcho: Rival = {
  name: 'go-net',
  about: () => `Go ${versionOf(go, ['version'], /go([\d.]+)/)}`,
  needs: go,
  command: async port => ({ file: await compile('servers/go-echo.go'), args: [`--port=${port}`] }),
}
