import { certificate } from '../certificate.js'
import { compile } from '../compile.js'
import type { Rival } from '../plan.js'
import { gcc, libssl, openssl, versionOf } from '../programs.js'

/** The lower bound: the cost of the kernel, and almost nothing on top. */
export const epollEcho: Rival = {
  name: 'c-epoll',
  about: () => `gcc ${versionOf(gcc, ['-dumpfullversion'], /([\d.]+)/)}`,
  needs: gcc,
  command: async port => ({ file: await compile('servers/epoll-echo.c'), args: ['--port', String(port)] }),
}

/** The same over TLS: the kernel, OpenSSL, and almost nothing on top. */
export const epollTlsEcho: Rival = {
  name: 'c-openssl',
  about: () =>
    `gcc ${versionOf(gcc, ['-dumpfullversion'], /([\d.]+)/)} with OpenSSL ${versionOf(openssl, ['version'], /([\d.]+\w*)/)}`,
  needs: gcc,
  async command(port) {
    const file = await compile('servers/epoll-tls-echo.c', { library: libssl })
    const { key, cert } = await certificate()
    return { file, args: [`--port=${port}`, `--key=${key}`, `--cert=${cert}`] }
  },
}
