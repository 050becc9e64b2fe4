import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { serve } from '../../lib/index.js'
import { nativeMissing } from '../transport/native/missing.js'

const fixture = fileURLToPath(new URL('fixtures/zones.js', import.meta.url))

/** Two interfaces whose names have more than letters in them, in a network of their own. */
const network = `
  ip link add br-0a1b type veth peer name eth0.100 &&
  ip link set lo up && ip link set br-0a1b up && ip link set eth0.100 up &&
  ip -6 addr add fe80::1/64 dev br-0a1b nodad && ip -6 addr add fe80::2/64 dev eth0.100 nodad`

function inNetwork(...command: string[]) {
  return spawnSync('unshare', ['-n', 'sh', '-c', `${network} && exec "$@"`, 'sh', ...command], {
    encoding: 'utf8',
    timeout: 60_000,
  })
}

const skip = inNetwork('true').status === 0 ? false : 'only root on Linux makes interfaces'

const cases = [
  ...['fe80::1%br-0a1b', 'fe80::2%eth0.100'].map(host => ({ host, scheme: 'tcp6-net', skip })),
  ...['fe80::1%br-0a1b', 'fe80::2%eth0.100'].map(host => ({
    host,
    scheme: 'tcp6',
    skip: skip || (nativeMissing() ?? false),
  })),
]

for (const { host, scheme, skip } of cases) {
  t.test(`${host} is served on ${scheme}, and the peer's address can be dialled`, { skip }, async t => {
    const { stdout, stderr } = inNetwork(
      process.execPath,
      ...process.execArgv,
      fixture,
      `${scheme}://[${host}]:0`,
    )
    t.equal(stderr, '')
    t.strictSame(JSON.parse(stdout), [host, host])
  })
}

t.test('a zone that node:net would drop is an error on the portable transport', async t => {
  const address = 'tcp6-net://[fe80::1%veth_a]:0'
  await t.rejects(serve({}, address), {
    code: 'ERR_UNSUPPORTED',
    message: `address "${address}": node:net does not accept the zone "veth_a"`,
  })
})
