import { once } from 'node:events'
import { connect } from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { nativeMissing } from '../transport/native/missing.js'
import { Authority, certificatesMissing } from '../transport/tls/certificates.js'
import { Chromium, noChromium } from './chromium.js'
import { ExampleProgram } from './program.js'

const skip = noChromium || (nativeMissing() ?? certificatesMissing() ?? false)

async function start(name: string, ...args: string[]) {
  const program = new ExampleProgram(name, ['--port=0', ...args])
  const [, port] = await program.says(/^Listening on \S+:(\d+)/)
  const [, url = ''] = await program.says(/\nDashboard at (\S+)\n/)
  return { program, port: Number(port), url }
}

/** A client that sends a message every 10 ms, whether or not it was answered, until it is destroyed. */
async function talk(port: number) {
  const client = connect(port, '127.0.0.1')
  const timer = setInterval(() => client.write(Buffer.alloc(1000)), 10)
  client.on('close', () => clearInterval(timer))
  client.resume()
  client.on('error', () => {})
  client.write(Buffer.alloc(1000))
  await once(client, 'data')
  return client
}

const text = (id: string) => `document.getElementById('${id}').textContent`
const amount = (id: string) => `parseFloat(${text(id)})`
const live = `document.body.dataset.state === 'live' && ${text('connections')} !== ''`

t.test(
  'a page shows loops side by side, fits a phone, is dark and outlives the server',
  { skip },
  async t => {
    let { program, port, url } = await start('echo', '--loops=2', '--dashboard=0')
    t.teardown(() => program.stop())
    const browser = await Chromium.start()
    t.teardown(() => browser.stop())
    const page = await browser.open(url)
    await page.until(live)
    t.equal(await page.evaluate(text('connections')), '0')

    const clients = await Promise.all([talk(port), talk(port), talk(port), talk(port)])
    await page.until(`${text('connections')} === '4' && ${amount('events')} > 0 && ${amount('in')} > 0`)
    await page.evaluate(`shown = ${text('events')}`)
    await page.until(`${text('events')} !== shown`)
    t.pass('figures follow the load')
    const rows = `[...document.querySelectorAll('#loops tbody tr')]`
    await page.until(`${rows}.map(row => row.cells[1].textContent).join() === '2,2'`)
    await page.until(`${rows}.every(row => parseFloat(row.cells[2].textContent) > 0)`)
    t.equal(
      await page.evaluate(`document.querySelectorAll('#chart-events li').length`),
      2,
      'a line for each loop',
    )
    const drawn = `(canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean))`
    t.ok(await page.evaluate(`[...document.querySelectorAll('.chart:not([hidden]) canvas')].every(${drawn})`))
    t.ok(
      await page.evaluate(`document.getElementById('chart-tls').hidden`),
      'nothing on TLS where there is none',
    )

    const overflows = `document.documentElement.scrollWidth > document.documentElement.clientWidth`
    for (const width of [1160, 360]) {
      await page.emulate({ width, height: 700 }, 'light')
      await page.until(`innerWidth === ${width} && [...document.querySelectorAll('.chart:not([hidden])')]
      .every(chart => chart.querySelector('canvas').clientWidth < chart.clientWidth)`)
      t.equal(await page.evaluate(overflows), false, `${width} pixels are enough`)
    }
    const brightness = `getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]`
    t.ok(Number(await page.evaluate(brightness)) > 200)
    await page.emulate({ width: 360, height: 700 }, 'dark')
    await page.until(`${brightness} < 50`)

    for (const client of clients) client.destroy()
    await program.stop()
    await page.until(`document.body.dataset.state === 'reconnecting'`)
    const { certFile, keyFile } = new Authority()
    const secure = `tls://127.0.0.1:0?cert=${certFile}&key=${keyFile}`
    ;({ program, port, url } = await start('http', `--dashboard=${new URL(url).port}`, secure))
    await page.until(`${live} && ${text('program')} === 'npm run http'`)
    await page.until(`document.getElementById('loops').hidden`)
    await fetch(`http://127.0.0.1:${port}/`)
    await page.until(`${amount('longest')} > 0`)
    t.pass('after a restart it shows what runs now')

    const [, tlsPort] = await program.says(/tls\S*:(\d+)/)
    const socket = tls.connect({ port: Number(tlsPort), host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    await page.until(`!document.getElementById('chart-tls').hidden`)
    t.pass('handshakes are shown once there are any')
    socket.destroy()
  },
)
