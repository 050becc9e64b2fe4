import { compile } from '../compile.js'
import type { Rival } from '../plan.js'
import { gcc, versionOf } from '../programs.js'

/** The floor: what the kernel asks for, and next to nothing on top. */
export const epollEcho: Rival = {
  name: 'c-epoll',
  about: () => `gcc ${versionOf(gcc, ['-dumpfullversion'], /([\d.]+)/)}`,
  needs: gcc,
  command: async port => ({ file: await compile('servers/epoll-echo.c'), args: ['--port', String(port)] }),
}
