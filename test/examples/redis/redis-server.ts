import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/** Starts redis-server without persistence, on a Unix socket in a temporary directory. */
export async function launchRedis(directory: string): Promise<{ child: ChildProcess; path: string }> {
  const path = join(directory, 'redis.sock')
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', directory]
  args.push('--enable-debug-command', 'yes')
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await saying(child, 'eady to accept connections')
  return { child, path }
}

/** Waits until a program reports that it is ready. */
export function saying(child: ChildProcess, words: string): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    let said = ''
    child.stdout?.on('data', text => {
      said += text
      if (said.includes(words)) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${child.spawnfile} ended: ${said}`)))
  })
}
