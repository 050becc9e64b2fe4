import { Chart } from './chart.js'
import { Figures } from './figures.js'
import { History, type Point } from './history.js'
import { LoopTable } from './loops.js'
import type { Hello, Message } from './message.js'
import { plansFor } from './plans.js'

/** Milliseconds before the first and the slowest attempts to reconnect. */
const [SOON, LATE] = [250, 4000]

/** The page for one run of the program. */
class View {
  readonly run: string
  readonly #history: History
  readonly #charts: Chart[]
  readonly #figures: Figures
  readonly #table: LoopTable | undefined

  constructor(hello: Hello) {
    this.run = hello.run
    this.#history = new History(hello.kept)
    const loops = hello.samples.at(-1)?.loops.length ?? 1
    for (const id of ['figures', 'loops', 'charts']) element(id).replaceChildren()
    this.#figures = new Figures(element('figures'), loops)
    element('loops').hidden = loops === 1
    this.#table = loops === 1 ? undefined : new LoopTable(element('loops') as HTMLTableElement, loops)
    const seconds = (hello.kept * hello.interval) / 1000
    this.#charts = plansFor(loops).map(plan => new Chart(element('charts'), plan, seconds))
    document.title = `${hello.program} · revio`
    element('program').textContent = hello.program
    element('addresses').textContent = hello.addresses.join('  ')
    element('about').textContent =
      `${hello.transport} transport, Node.js ${hello.node}, process ${hello.pid}. Longest turns are those since the start.`
  }

  add(samples: Hello['samples']): void {
    for (const sample of samples) this.#history.add(sample)
  }

  draw(): void {
    const point = this.#history.points.at(-1)
    if (point === undefined) return
    this.#figures.show(point)
    this.#table?.show(point)
    for (const chart of this.#charts) chart.draw(this.#history.points)
    element('uptime').textContent = `up ${uptimeOf(point)}`
  }

  /** Redraws in the current colour scheme. */
  redraw(): void {
    for (const chart of this.#charts) chart.redraw()
  }
}

let view: View | undefined
let delay = SOON

function received(message: Message): void {
  if (message.type === 'hello') {
    // After a restart the page starts over; otherwise it fills the gap.
    if (view?.run !== message.run) view = new View(message)
    view.add(message.samples)
    state('live')
  } else view?.add([message])
  // A hidden page is drawn once it becomes visible.
  if (!document.hidden) view?.draw()
}

function connect(): void {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/samples`)
  socket.onmessage = ({ data }) => {
    delay = SOON
    received(JSON.parse(data))
  }
  socket.onclose = () => {
    state('reconnecting')
    setTimeout(connect, delay)
    delay = Math.min(delay * 2, LATE)
  }
}

function state(text: 'live' | 'reconnecting'): void {
  element('state').textContent = text
  document.body.dataset.state = text
}

function uptimeOf({ sample }: Point): string {
  const seconds = Math.floor(sample.uptime)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return parts.map(part => String(part).padStart(2, '0')).join(':')
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

document.addEventListener('visibilitychange', () => view?.draw())
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => view?.redraw())
connect()
