import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

/** Why there is no browser; false if there is one. */
export const noChromium =
  spawnSync('chromium', ['--version', '--no-sandbox']).status !== 0 &&
  'chromium is not installed (Debian: chromium)'

/** Headless Chromium, controlled by its DevTools protocol. */
export class Chromium {
  readonly #child: ChildProcess
  readonly #socket: WebSocket
  readonly #folder: string
  readonly #answers = new Map<number, (message: { result?: unknown; error?: { message: string } }) => void>()
  #last = 0

  private constructor(child: ChildProcess, socket: WebSocket, folder: string) {
    this.#child = child
    this.#socket = socket
    this.#folder = folder
    socket.on('message', data => {
      const message = JSON.parse(String(data))
      this.#answers.get(message.id)?.(message)
      this.#answers.delete(message.id)
    })
  }

  static async start(): Promise<Chromium> {
    const folder = mkdtempSync(join(tmpdir(), 'revio-chromium-'))
    const child = spawn(
      'chromium',
      [
        '--headless=new',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let log = ''
    let address: string | undefined
    while (address === undefined) {
      log += String((await once(child.stderr, 'data'))[0])
      address = /DevTools listening on (ws:\S+)/.exec(log)?.[1]
    }
    child.stderr.resume()
    const socket = new WebSocket(address)
    await once(socket, 'open')
    return new Chromium(child, socket, folder)
  }

  /** A page in a separate browser context, which shares nothing with other pages. */
  async open(url: string): Promise<Page> {
    const { browserContextId } = await this.call<{ browserContextId: string }>('Target.createBrowserContext')
    const { targetId } = await this.call<{ targetId: string }>('Target.createTarget', {
      url,
      browserContextId,
    })
    const { sessionId } = await this.call<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    })
    return new Page(this, sessionId)
  }

  call<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result)
        else reject(new Error(`${method}: ${error.message}`))
      })
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }))
    })
  }

  /** Its processes end by themselves, and leave the folder alone. */
  async stop(): Promise<void> {
    const ended = once(this.#child, 'close')
    this.call('Browser.close').catch(() => {})
    await ended
    this.#socket.terminate()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

export class Page {
  readonly #browser: Chromium
  readonly #session: string

  constructor(browser: Chromium, session: string) {
    this.#browser = browser
    this.#session = session
  }

  /** Evaluates an expression in the page; awaits a promise. */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression, awaitPromise: true, returnByValue: true }
    const answer = await this.#browser.call<{ result: { value: unknown }; exceptionDetails?: object }>(
      'Runtime.evaluate',
      params,
      this.#session,
    )
    if (answer.exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(answer.exceptionDetails)}`)
    return answer.result.value
  }

  /** Waits until an expression is true. While a page is loading, its names may be missing. */
  async until(expression: string): Promise<void> {
    while ((await this.evaluate(expression).catch(() => false)) !== true) {
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  reload(): Promise<unknown> {
    return this.#browser.call('Page.reload', {}, this.#session)
  }

  /** Sets the size of the viewport in CSS pixels, and the preferred colour scheme. */
  async emulate(size: { width: number; height: number }, scheme: 'light' | 'dark'): Promise<void> {
    const metrics = { ...size, deviceScaleFactor: 1, mobile: size.width < 600 }
    await this.#browser.call('Emulation.setDeviceMetricsOverride', metrics, this.#session)
    await this.#browser.call('Emulation.setScrollbarsHidden', { hidden: true }, this.#session)
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#browser.call('Emulation.setEmulatedMedia', { features }, this.#session)
  }

  /** Captures the viewport as a PNG. */
  async screenshot(): Promise<Buffer> {
    const params = { format: 'png' }
    const { data } = await this.#browser.call<{ data: string }>(
      'Page.captureScreenshot',
      params,
      this.#session,
    )
    return Buffer.from(data, 'base64')
  }
}
