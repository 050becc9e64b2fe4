import t from 'tap'
import { Chromium, noChromium, type Page } from './chromium.js'
import { ExampleProgram } from './program.js'

async function chat(port: number): Promise<{ program: ExampleProgram; port: number }> {
  const program = new ExampleProgram('chat/main', [`tcp4://127.0.0.1:${port}`])
  const [, bound] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+)/)
  return { program, port: Number(bound) }
}

const texts = `[...document.querySelectorAll('#said li:not(.waiting)')].map(each => each.textContent).join('|')`
const people = `[...document.querySelectorAll('#people li')].map(each => each.textContent).join()`
const hears = (page: Page, all: string) => page.until(`${texts} === ${JSON.stringify(all)}`)
const sees = (page: Page, all: string) => page.until(`${people} === ${JSON.stringify(all)}`)

async function enter(page: Page, name: string): Promise<void> {
  await page.until(`document.getElementById('enter')?.onsubmit != null`)
  await page.evaluate(
    `document.getElementById('name').value = ${JSON.stringify(name)}; document.getElementById('enter').requestSubmit()`,
  )
  await page.until(`document.getElementById('state').textContent === 'connected'`)
}

const say = (page: Page, text: string) =>
  page.evaluate(
    `document.getElementById('text').value = ${JSON.stringify(text)}; document.getElementById('say').requestSubmit()`,
  )

t.test('two browsers talk, one reloads, the server restarts', { skip: noChromium }, async t => {
  let { program, port } = await chat(0)
  t.teardown(() => program.stop())
  const browser = await Chromium.start()
  t.teardown(() => browser.stop())
  const url = `http://127.0.0.1:${port}/#lobby`
  const [ada, bob] = [await browser.open(url), await browser.open(url)]
  await enter(ada, 'Ada')
  await enter(bob, 'Bob')
  await sees(ada, 'Ada,Bob')
  await say(ada, 'hello <b>Bob</b>')
  await hears(bob, 'Adahello <b>Bob</b>')
  await say(bob, 'hello Ada')
  await hears(ada, 'Adahello <b>Bob</b>|Bobhello Ada')
  t.pass('they talk')

  await bob.reload()
  await hears(bob, 'Adahello <b>Bob</b>|Bobhello Ada')
  await sees(bob, 'Ada,Bob')
  t.pass('after a reload name and history are there')

  await program.stop()
  await ada.until(`document.getElementById('state').textContent === 'reconnecting'`)
  await say(ada, 'into the void')
  ;({ program } = await chat(port))
  await sees(ada, 'Ada,Bob')
  await hears(bob, 'Adahello <b>Bob</b>|Bobhello Ada|Adainto the void')
  await say(bob, 'and back')
  await hears(ada, 'Adahello <b>Bob</b>|Bobhello Ada|Adainto the void|Boband back')
  t.pass('what was said meanwhile arrives')
})
