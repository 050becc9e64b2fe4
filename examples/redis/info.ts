import { arch, platform, release } from 'node:os'
import { type Instance, VERSION } from './instance.js'

type Fields = Readonly<Record<string, string | number>>

/** The text of INFO. Without names, or with `all`, `default` or `everything`: all sections. */
export function describeServer(instance: Instance, names: readonly string[]): string {
  const all = names.length === 0 || names.some(name => ['all', 'default', 'everything'].includes(name))
  return Object.entries(SECTIONS)
    .filter(([name]) => all || names.includes(name.toLowerCase()))
    .map(([name, fields]) => section(name, fields(instance)))
    .join('\r\n')
}

function section(name: string, fields: Fields): string {
  const lines = Object.entries(fields).map(([field, value]) => `${field}:${value}\r\n`)
  return `# ${name}\r\n${lines.join('')}`
}

const SECTIONS: Readonly<Record<string, (instance: Instance) => Fields>> = {
  Server: instance => ({
    redis_version: VERSION,
    redis_mode: 'standalone',
    os: `${platform()} ${release()} ${arch()}`,
    arch_bits: 64,
    process_id: process.pid,
    tcp_port: instance.loop?.addresses.find(({ port }) => port > 0)?.port ?? 0,
    server_time_usec: Math.floor(instance.now() * 1000),
    uptime_in_seconds: Math.floor((instance.now() - instance.startedAt) / 1000),
    uptime_in_days: Math.floor((instance.now() - instance.startedAt) / 86_400_000),
    hz: 10,
    revio_transport: instance.loop?.transport ?? 'none',
    node_version: process.versions.node,
  }),
  Clients: instance => ({
    connected_clients: instance.clients.size,
    maxclients: 10_000,
    blocked_clients: instance.blocking.count,
    pubsub_clients: [...instance.clients.values()].filter(client => client.subscriptions > 0).length,
  }),
  Memory: instance => {
    const { rss, heapUsed, external } = process.memoryUsage()
    const dataset = [...instance.databases.values()].reduce((sum, { heap }) => sum + heap.arena.used, 0)
    return {
      used_memory: heapUsed + external,
      used_memory_human: `${((heapUsed + external) / 2 ** 20).toFixed(2)}M`,
      used_memory_rss: rss,
      used_memory_rss_human: `${(rss / 2 ** 20).toFixed(2)}M`,
      used_memory_dataset: dataset,
      maxmemory: 0,
      maxmemory_policy: 'noeviction',
    }
  },
  Persistence: () => ({ loading: 0, rdb_bgsave_in_progress: 0, aof_enabled: 0 }),
  Stats: ({ statistics, publisher }) => ({
    total_connections_received: statistics.connections,
    total_commands_processed: statistics.commands,
    total_net_input_bytes: statistics.inputBytes,
    total_net_output_bytes: statistics.outputBytes,
    expired_keys: statistics.expired,
    evicted_keys: 0,
    pubsub_channels: publisher.channels().length,
    pubsub_patterns: publisher.patterns,
  }),
  Replication: () => ({ role: 'master', connected_slaves: 0 }),
  CPU: () => {
    const { user, system } = process.cpuUsage()
    return { used_cpu_sys: system / 1e6, used_cpu_user: user / 1e6 }
  },
  Cluster: () => ({ cluster_enabled: 0 }),
  Keyspace: instance => {
    const used = [...instance.databases]
      .filter(([, { size }]) => size > 0)
      .sort(([left], [right]) => left - right)
    return Object.fromEntries(
      used.map(([index, { size, expiring }]) => [`db${index}`, `keys=${size},expires=${expiring},avg_ttl=0`]),
    )
  },
}
