import { digits, thousands } from './format.js'
import type { Metric } from './plan.js'

/** The columns of every bench that counts requests. Samples are in seconds, bytes and requests. */
export const requestMetrics: readonly Metric[] = [
  {
    key: 'requestsPerSecond',
    title: 'requests/s',
    format: thousands,
    spread: true,
    ratios: 'first',
    chart: 'Requests per second (more is better)',
  },
  {
    key: 'cpuPerRequest',
    title: 'CPU us',
    format: value => digits(value * 1e6),
    spread: true,
    ratios: 'all',
    chart: 'Server CPU per request, microseconds (less is better)',
  },
  { key: 'p50', title: 'p50 ms', format: value => digits(value * 1e3) },
  { key: 'p99', title: 'p99 ms', format: value => digits(value * 1e3) },
  { key: 'peak', title: 'peak MiB', format: value => digits(value / 2 ** 20) },
]
