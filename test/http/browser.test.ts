import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Chromium, noChromium } from '../examples/chromium.js'
import { ExampleProgram } from '../examples/program.js'

const LISTENING = /^Listening on tcp4:\/\/127\.0\.0\.1:(\d+)/

/** Ten seconds of silence: what can be played can be skipped in, by ranges. */
function silence(): Buffer {
  const samples = 10 * 44_100 * 2
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.writeUInt32LE(36 + samples, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(44_100, 24)
  head.writeUInt32LE(88_200, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples, 40)
  return Buffer.concat([head, Buffer.alloc(samples)])
}

const PAGE = `<!doctype html><title>page</title><link rel=stylesheet href=style.css><body>
<img id=picture src=picture.svg><audio id=sound preload=auto src=sound.wav></audio>
<script type=module>import { answer } from './lib/module.js'; document.title = answer</script>`

t.test('Chromium', { skip: noChromium }, async t => {
  const browser = await Chromium.start()
  t.teardown(() => browser.stop())

  await t.test('shows a page with all that belongs to it, plays and skips', async t => {
    const root = t.testdir({
      'index.html': PAGE,
      'style.css': 'body { color: rgb(1, 2, 3) }',
      'picture.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"></svg>',
      lib: { 'module.js': "export const answer = 'loaded'" },
    })
    writeFileSync(join(root, 'sound.wav'), silence())
    const program = new ExampleProgram('files', ['--root', root, 'tcp4://127.0.0.1:0'])
    t.teardown(() => program.stop())
    const [, port] = await program.says(LISTENING)
    const page = await browser.open(`http://127.0.0.1:${port}/`)
    await page.until(`document.title === 'loaded' && picture.complete`)
    t.equal(await page.evaluate('picture.naturalWidth'), 7)
    t.equal(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(1, 2, 3)')
    await page.until('sound.readyState >= 1')
    t.equal(await page.evaluate('Math.round(sound.duration)'), 10)
    await page.evaluate(`new Promise(resolve => { sound.onseeked = resolve; sound.currentTime = 9 })`)
    const part = `fetch('sound.wav', { headers: { range: 'bytes=4-7' }, cache: 'no-store' })
      .then(async got => [got.status, got.headers.get('content-range'), (await got.arrayBuffer()).byteLength].join())`
    t.equal(await page.evaluate(part), '206,bytes 4-7/882044,4')
    const again = `fetch('style.css', { cache: 'no-cache' }).then(got => got.text())`
    t.match(await page.evaluate(again), 'color', 'what has not changed comes from its cache')
    t.equal(await page.evaluate(`fetch('.hidden').then(got => got.status)`), 404)
  })

  await t.test('posts, streams, breaks off and keeps its connection', async t => {
    const program = new ExampleProgram('http', ['tcp4://127.0.0.1:0'])
    t.teardown(() => program.stop())
    const [, port] = await program.says(LISTENING)
    const page = await browser.open(`http://127.0.0.1:${port}/`)
    await page.until(`document.body?.textContent === 'hello world\\n'`)
    const echo = `fetch('/echo', { method: 'POST', body: 'é'.repeat(300000) }).then(got => got.text()).then(text => text.length)`
    t.equal(await page.evaluate(echo), 300_000)
    const form = `fetch('/echo', { method: 'POST', body: new URLSearchParams({ a: 'b c' }) }).then(got => got.text())`
    t.equal(await page.evaluate(form), 'a=b+c')
    const streamed = `fetch('/stream?chunks=50&size=10000').then(async got => {
      let size = 0
      for (const reader = got.body.getReader(); ; ) {
        const { done, value } = await reader.read()
        if (done) return size
        size += value.length
      }
    })`
    t.equal(await page.evaluate(streamed), 500_000)
    const broken = `(async () => {
      const control = new AbortController()
      const got = await fetch('/stream?chunks=1000000&size=65536', { signal: control.signal })
      await got.body.getReader().read()
      control.abort()
      return fetch('/slow?ms=1').then(got => got.text())
    })()`
    t.equal(await page.evaluate(broken), 'slow\n')
    const reused = `(async () => {
      for (let count = 0; count < 3; count++) await fetch('/headers').then(got => got.text())
      return performance.getEntriesByName(location.origin + '/headers').slice(1).every(each => each.connectStart === each.connectEnd)
    })()`
    t.equal(await page.evaluate(reused), true)
    const agent = `fetch('/headers').then(got => got.json()).then(fields => fields['user-agent'] === navigator.userAgent)`
    t.equal(await page.evaluate(agent), true)
    t.equal(program.errors, '')
  })
})
