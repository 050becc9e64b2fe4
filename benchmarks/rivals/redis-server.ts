import type { Rival } from '../plan.js'
import { redisServer, versionOf } from '../programs.js'

/** Redis with its default threads and without persistence. */
export const redis: Rival = {
  name: 'redis-server',
  about: () => `Redis ${versionOf(redisServer, ['--version'], /v=([\d.]+)/)}`,
  needs: redisServer,
  command: port => ({
    file: redisServer.command,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'],
  }),
}
