import { mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { targetOf } from '../../../lib/http/files/path.js'
import { openDescriptors } from '../../transport/descriptors.js'
import { pattern } from '../../transport/pattern.js'
import { until } from '../../transport/until.js'
import { served } from './served.js'

const LARGE = pattern(1_000_000)
const OLD = new Date('2020-01-02T03:04:05.678Z')
const DATE = 'Thu, 02 Jan 2020 03:04:05 GMT'

function fill(root: string): void {
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(`${root}/${name}`, content)
    utimesSync(`${root}/${name}`, OLD, OLD)
  }
  mkdirSync(`${root}/sub`)
  mkdirSync(`${root}/empty`)
  mkdirSync(`${root}/.git`)
  write('a.txt', '0123456789')
  write('large.bin', LARGE)
  write('none', '')
  write('ä b%.html', '<p>grüß</p>')
  write('sub/index.html', '<h1>sub</h1>')
  write('.secret', 'no')
  write('.git/config', 'no')
  write('app.js', 'plain')
  write('app.js.gz', 'as gzip')
  write('app.js.br', 'as brotli')
  writeFileSync(`${root}/../outside.txt`, 'outside')
  symlinkSync('../outside.txt', `${root}/leak.txt`)
  symlinkSync('..', `${root}/up`)
  symlinkSync('a.txt', `${root}/link.txt`)
  symlinkSync('/etc', `${root}/etc`)
}

t.test('the same path leads to wherever root and index say, however often it was asked for', async t => {
  for (let count = 0; count < 2; count++) {
    for (const root of ['/a', '/b']) {
      for (const index of ['index.html', 'i']) {
        t.match(targetOf('/sub/', root, index), { place: `${root}/sub/${index}`, isFolder: true })
        t.match(targetOf('/x//%C3%A4', root, index), { place: `${root}/x/ä`, isFolder: false })
      }
      t.throws(() => targetOf('/sub/', root, ''), { message: 'Not Found' })
      t.throws(() => targetOf('/x/../y', root, 'i'), { message: 'Not Found' })
      t.throws(() => targetOf('/%ff', root, 'i'), { message: /^Bad Request/ })
    }
  }
})

for (const address of ['tcp4://127.0.0.1:0', 'tcp4-net://127.0.0.1:0']) {
  t.test(address, async t => {
    const { get, root } = await served(t, address, fill)

    t.test('a file comes with what describes it, again and again', async t => {
      for (let count = 0; count < 3; count++) {
        const { status, headers, body } = await get('/a.txt')
        t.equal(status, 200)
        t.equal(String(body), '0123456789')
        t.match(headers, {
          'content-type': 'text/plain; charset=utf-8',
          'content-length': '10',
          'last-modified': DATE,
          etag: /^".+"$/,
          'accept-ranges': 'bytes',
        })
      }
      t.match(await get('/link.txt?x=/../y'), { status: 200, body: Buffer.from('0123456789') })
      t.match(await get('/none'), { status: 200, headers: { 'content-length': '0' }, body: Buffer.alloc(0) })
      const page = await get('/%C3%A4%20b%25.html')
      t.match(page.headers, { 'content-type': 'text/html; charset=utf-8' })
      t.equal(String(page.body), '<p>grüß</p>')
    })

    t.test('a large file comes whole, and leaves no descriptor open', async t => {
      const before = openDescriptors()
      for (let count = 0; count < 5; count++) {
        const { body, headers } = await get('/large.bin')
        t.ok(body.equals(LARGE))
        t.equal(headers['content-type'], 'application/octet-stream')
      }
      t.match(await get('/large.bin', {}, 'HEAD'), { status: 200, headers: { 'content-length': '1000000' } })
      t.equal((await get('/large.bin', { 'if-none-match': '*' })).status, 304)
      t.ok((openDescriptors() ?? 0) <= (before ?? 0) + 1, 'all had the same')
      await until('it to be closed', () => openDescriptors() === before)
    })

    t.test('HEAD says the same without the content', async t => {
      const { headers } = await get('/a.txt')
      const head = await get('/a.txt', {}, 'HEAD')
      t.equal(head.body.length, 0)
      t.strictSame({ ...head.headers, date: '' }, { ...headers, date: '' })
    })

    t.test('folders: their index, with a slash; without one they are there and elsewhere', async t => {
      t.match(await get('/sub/'), { status: 200, body: Buffer.from('<h1>sub</h1>') })
      t.match(await get('/sub?q=1'), { status: 301, headers: { location: '/sub/?q=1' } })
      t.match(await get('//sub'), { status: 301, headers: { location: '/sub/' } })
      for (const path of ['/empty/', '/', '/a.txt/']) t.equal((await get(path)).status, 404, path)
    })

    t.test('nothing outside of the root, nothing hidden, however it is written', async t => {
      const paths = [
        ...['/../outside.txt', '/%2e%2e/outside.txt', '/..%2foutside.txt', '/sub/../../outside.txt'],
        ...['/..%5coutside.txt', '/.%2e/outside.txt', '/%2e%2e%2foutside.txt', '/sub/..%2f..%2foutside.txt'],
        ...['/leak.txt', '/up/outside.txt', '/etc/passwd'],
        ...['/.secret', '/.git/config', '/%2esecret', '/sub/./index.html', '/a.txt%00', '/a.txt%00.html'],
        ...[
          '/%252e%252e/outside.txt',
          '//etc/passwd',
          '/sub%2findex.html',
          '/nothing',
          `/${'a'.repeat(300)}`,
        ],
      ]
      for (const path of paths)
        t.match(await get(path), { status: 404, body: Buffer.from('Not Found\n') }, path)
      for (const path of ['/%', '/%zz', '/%ff', '/%c3']) t.equal((await get(path)).status, 400, path)
    })

    t.test('one range', async t => {
      const { headers } = await get('/a.txt')
      for (const [range, part, said] of [
        ['bytes=0-0', '0', '0-0'],
        ['bytes=2-4', '234', '2-4'],
        ['bytes=7-', '789', '7-9'],
        ['bytes=-3', '789', '7-9'],
        ['bytes=5-999999999999999999999', '56789', '5-9'],
        ['bytes=-999', '0123456789', '0-9'],
        ['bytes=1-2,2-3', '123', '1-3'],
        ['Bytes=\t3-3 , ,', '3', '3-3'],
        ['bytes=8-9,20-30,6-7', '6789', '6-9'],
        ['bytes=-0,0-0', '0', '0-0'],
      ] as const) {
        const got = await get('/a.txt', { range })
        t.equal(got.status, 206, range)
        t.equal(String(got.body), part, range)
        t.equal(got.headers['content-range'], `bytes ${said}/10`, range)
        t.equal(got.headers.etag, headers.etag)
      }
      for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
        t.match(
          await get('/a.txt', { range }),
          { status: 416, headers: { 'content-range': 'bytes */10' } },
          range,
        )
      }
      for (const range of [
        'bytes=5-2',
        'bytes=x',
        'bytes=0-1x',
        'bytes=0x1-2',
        'bytes=+1-2',
        'bytes=0 - 1',
        'bytes=0-1,x',
        'bytes=1-2-3',
        'bytes=-',
        'bytes=',
        'bytes=,',
        'bytes',
        'bytes 0-1',
        'items=0-1',
        ' =0-1',
      ]) {
        t.match(await get('/a.txt', { range }), { status: 200 }, range)
      }
      const scattered = Array.from({ length: 17 }, (_, index) => `${index * 9}-${index * 9}`)
      const many = { range: `bytes=${scattered}` }
      t.equal((await get('/large.bin', many)).status, 200, 'that many parts are the whole')
      t.equal((await get('/large.bin', { range: `bytes=${scattered.slice(1)}` })).status, 206)
      const part = await get('/large.bin', { range: 'bytes=123456-654321' })
      t.ok(part.body.equals(LARGE.subarray(123456, 654322)))
    })

    t.test('several ranges are parts of one body', async t => {
      for (const [path, content] of [
        ['/a.txt', Buffer.from('0123456789')],
        ['/large.bin', LARGE],
      ] as const) {
        const got = await get(path, { range: 'bytes=0-1,4-5,-2' })
        t.equal(got.status, 206)
        const [, boundary = ''] =
          /^multipart\/byteranges; boundary=(\w+)$/.exec(got.headers['content-type'] ?? '') ?? []
        t.equal(got.headers['content-length'], String(got.body.length))
        const size = content.length
        const parts = got.body.toString('latin1').split(`\r\n--${boundary}`)
        t.equal(parts.length, 5)
        t.equal(parts[4], '--\r\n')
        for (const [at, start] of [0, 4, size - 2].entries()) {
          const part = parts[at + 1] ?? ''
          t.match(part, `\r\nContent-Range: bytes ${start}-${start + 1}/${size}\r\n\r\n`)
          t.equal(part.slice(-2), content.toString('latin1', start, start + 2))
        }
      }
    })

    t.test('conditions, in the order of the standard', async t => {
      const { etag = '' } = (await get('/a.txt')).headers
      const later = 'Fri, 03 Jan 2020 03:04:05 GMT'
      const earlier = 'Wed, 01 Jan 2020 03:04:05 GMT'
      for (const [headers, status] of [
        [{ 'if-none-match': etag }, 304],
        [{ 'if-none-match': `"x", W/${etag}` }, 304],
        [{ 'if-none-match': '*' }, 304],
        [{ 'if-none-match': '"x"', 'if-modified-since': DATE }, 200],
        [{ 'if-modified-since': DATE }, 304],
        [{ 'if-modified-since': later }, 304],
        [{ 'if-modified-since': earlier }, 200],
        [{ 'if-modified-since': 'nonsense' }, 200],
        [{ 'if-modified-since': 'Friday, 03-Jan-20 03:04:05 GMT' }, 304],
        [{ 'if-modified-since': 'Fri Jan  3 03:04:05 2020' }, 304],
        [{ 'if-modified-since': later.replace('GMT', '+0100') }, 200],
        [{ 'if-modified-since': later.replace(' GMT', '') }, 200],
        [{ 'if-modified-since': later.replace('03 Jan', '32 Jan') }, 200],
        [{ 'if-modified-since': `${later}, ${later}` }, 200],
        [{ 'if-modified-since': '2020-01-03T03:04:05Z' }, 200],
        [{ 'if-match': etag }, 200],
        [{ 'if-match': `W/${etag}` }, 412],
        [{ 'if-match': '"x"' }, 412],
        [{ 'if-unmodified-since': earlier }, 412],
        [{ 'if-unmodified-since': DATE }, 200],
        [{ 'if-match': '"x"', 'if-none-match': etag }, 412],
        [{ range: 'bytes=0-0', 'if-range': etag }, 206],
        [{ range: 'bytes=0-0', 'if-range': `W/${etag}` }, 200],
        [{ range: 'bytes=0-0', 'if-range': '"x"' }, 200],
        [{ range: 'bytes=0-0', 'if-range': DATE }, 206],
        [{ range: 'bytes=0-0', 'if-range': later }, 200],
        [{ range: 'bytes=0-0', 'if-none-match': etag }, 304],
      ] as [Record<string, string>, number][]) {
        const got = await get('/a.txt', headers)
        t.equal(got.status, status, JSON.stringify(headers))
        if (status === 304) t.equal(got.headers.etag, etag)
      }
    })

    t.test('a change is seen at once, whether the file is written to or replaced', async t => {
      const before = await get('/a.txt')
      writeFileSync(`${root}/a.txt`, 'now longer than before')
      const after = await get('/a.txt')
      t.equal(String(after.body), 'now longer than before')
      t.not(after.headers.etag, before.headers.etag)
      for (let count = 0; count < 50; count++) {
        writeFileSync(`${root}/next`, `version ${count}`)
        renameSync(`${root}/next`, `${root}/a.txt`)
        t.equal(String((await get('/a.txt')).body), `version ${count}`)
      }
      for (let count = 0; count < 50; count++) {
        writeFileSync(`${root}/a.txt`, `in place ${count % 10}`)
        t.equal(String((await get('/a.txt')).body), `in place ${count % 10}`)
      }
    })

    t.test('other methods are not allowed', async t => {
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
        t.match(await get('/large.bin', {}, method), { status: 405, headers: { allow: 'GET, HEAD' } }, method)
      }
    })
  })
}

t.test('compressed siblings go to who takes them', async t => {
  const headers = { 'cache-control': 'max-age=60' }
  const { get } = await served(t, 'tcp4://127.0.0.1:0', fill, { precompressed: true, headers })
  for (const [accepted, body, encoding] of [
    [undefined, 'plain', undefined],
    ['gzip', 'as gzip', 'gzip'],
    ['gzip, br', 'as brotli', 'br'],
    ['br;q=0, gzip;q=0.5', 'as gzip', 'gzip'],
    ['*', 'as brotli', 'br'],
    ['*;q=0', 'plain', undefined],
    ['identity', 'plain', undefined],
    ['zstd', 'plain', undefined],
  ] as const) {
    for (let count = 0; count < 2; count++) {
      const got = await get('/app.js', accepted === undefined ? {} : { 'accept-encoding': accepted })
      t.equal(String(got.body), body, accepted ?? 'nothing')
      t.equal(got.headers['content-encoding'], encoding)
      t.match(got.headers, {
        'content-type': 'text/javascript; charset=utf-8',
        vary: 'Accept-Encoding',
        'cache-control': 'max-age=60',
      })
    }
  }
  const plain = await get('/app.js')
  const gzip = await get('/app.js', { 'accept-encoding': 'gzip' })
  t.not(plain.headers.etag, gzip.headers.etag)
})
