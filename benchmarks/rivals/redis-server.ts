import type { Rival } from '../plan.js'
import { redisServer, versionOf } from '../programs.js'

/** Redis itself, its threads as it sets them, writing nothing to disk. */
export const redis: Rival = {
  name: 'redis-server',
  about: () => `Redis ${versionOf(redisServer, ['--version'], /v=([\d.]+)/)}`,
  needs: redisServer,
  command: port => ({
    file: redisServer.command,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
  }),
}
