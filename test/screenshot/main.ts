import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Chromium, noChromium } from '../examples/chromium.js'
import { ExampleProgram } from '../examples/program.js'
import { root } from '../paths.js'
import { Load } from './load.js'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'docs/dashboard.png') },
    width: { type: 'string', default: '1024' },
    height: { type: 'string', default: '668' },
    seconds: { type: 'string', default: '125' },
    loops: { type: 'string', default: '2' },
    dark: { type: 'boolean', default: false },
  },
})
if (noChromium) {
  process.stderr.write(`npm run screenshot: ${noChromium}\n`)
  process.exit(1)
}

process.stdout.write(`The echo example, ${values.loops} loops, under load for ${values.seconds} s …\n`)
const program = new ExampleProgram('echo', ['--port=0', `--loops=${values.loops}`, '--dashboard=0'])
const [, port] = await program.says(/^Listening on \S+:(\d+)/)
const [, url = ''] = await program.says(/Dashboard at (\S+)/)
const load = new Load(Number(port))
const browser = await Chromium.start()
const page = await browser.open(url)
await page.emulate(
  { width: Number(values.width), height: Number(values.height) },
  values.dark ? 'dark' : 'light',
)
await after(Number(values.seconds) * 1000)
await page.until(`document.body.dataset.state === 'live'`)
writeFileSync(values.out, await page.screenshot())
process.stdout.write(`${values.out}\n`)
load.stop()
await browser.stop()
await program.stop()
