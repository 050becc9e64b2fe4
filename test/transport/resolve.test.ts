import t from 'tap'
import { parseAddress } from '../../lib/address.js'
import { firstThatBinds, resolveHost } from '../../lib/transport/resolve.js'

const failure = (code: string) => Object.assign(new Error(code), { code })

t.test('no host is every local one, in the families that the scheme allows', async t => {
  const six = { host: '::', port: 5, family: 6 }
  const four = { host: '0.0.0.0', port: 5, family: 4, dualStack: false }
  t.strictSame(await resolveHost(parseAddress('tcp://:5')), [{ ...six, dualStack: true }, four])
  t.strictSame(await resolveHost(parseAddress('tcp6://:5')), [{ ...six, dualStack: false }])
  t.strictSame(await resolveHost(parseAddress('tcp4://:5')), [four])
})

t.test('numbers stay what they are', async t => {
  t.match(await resolveHost(parseAddress('tcp://127.0.0.1:5')), [{ host: '127.0.0.1', port: 5, family: 4 }])
  t.match(await resolveHost(parseAddress('tcp6://[::1]:5')), [{ host: '::1', family: 6, dualStack: false }])
})

t.test('a name is looked up in the family that was asked for', async t => {
  t.match(await resolveHost(parseAddress('tcp4://localhost:5')), [{ host: '127.0.0.1', family: 4 }])
})

t.test('a name that means nothing is the error of the resolver', async t => {
  await t.rejects(resolveHost(parseAddress('tcp4://surely.invalid:5')), { code: /^(ENOTFOUND|EAI_AGAIN)$/ })
})

const places = (...hosts: string[]) =>
  hosts.map(host => ({ host, port: 0, family: 4, dualStack: false })) as never as Parameters<
    typeof firstThatBinds
  >[0]

t.test('the first that binds is taken', async t => {
  t.equal(await firstThatBinds(places('a', 'b'), async ({ host }) => host), 'a')
})

t.test('where there is no such family the next is tried', async t => {
  for (const code of ['EAFNOSUPPORT', 'EADDRNOTAVAIL']) {
    const tried: string[] = []
    const bound = await firstThatBinds(places('a', 'b', 'c'), async ({ host }) => {
      tried.push(host)
      if (host !== 'c') throw failure(code)
      return host
    })
    t.equal(bound, 'c')
    t.strictSame(tried, ['a', 'b', 'c'])
  }
})

t.test('any other failure, and that of the last, is told', async t => {
  const tried: string[] = []
  const failing = (code: string) =>
    firstThatBinds(places('a', 'b'), async ({ host }) => {
      tried.push(host)
      throw failure(code)
    })
  await t.rejects(failing('EADDRINUSE'), { code: 'EADDRINUSE' })
  t.strictSame(tried, ['a'])
  await t.rejects(failing('EAFNOSUPPORT'), { code: 'EAFNOSUPPORT' })
  t.strictSame(tried, ['a', 'a', 'b'])
})
