import { haproxyConfiguration } from '../haproxy.js'
import type { Rival } from '../plan.js'
import { haproxy, versionOf } from '../programs.js'
import { nodePipes } from './node.js'
import { revioProxy, revioProxyOnNet } from './revio.js'

/** Proxies to a port, by name. */
export const proxies = {
  haproxy: haproxyTo,
  'node:net': nodePipes,
  revio: revioProxy,
  'revio-net': revioProxyOnNet,
} satisfies Record<string, (target: () => Promise<number>) => Rival>

function haproxyTo(target: () => Promise<number>): Rival {
  return {
    name: 'haproxy',
    about: () => `haproxy ${versionOf(haproxy, ['-v'], /version ([\d.]+)/)} in tcp mode, one thread`,
    needs: haproxy,
    command: async port => ({
      file: haproxy.command,
      args: ['-db', '-f', await haproxyConfiguration(port, await target())],
    }),
  }
}
