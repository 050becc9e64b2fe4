import uPlot from 'uplot'
import type { Point } from './history.js'
import { type Kind, labelOf, least, quantity, stepsOf, textOf } from './quantity.js'

export interface Line {
  name: string
  /** Index of its colour in style.css. */
  color: number
  of(point: Point): number | null
}

export interface Plan {
  id: string
  title: string
  kind: Kind
  /** Stacks the lines, so that the top one is their sum. */
  stacked?: boolean
  lines: readonly Line[]
  /** Whether there is anything to show. Default: always. */
  shown?(points: readonly Point[]): boolean
}

const HEIGHT = 156
/** Seconds between labels of the time axis. */
const LABELS = 30

/** Lines over time, with their latest values, or those at the pointer. */
export class Chart {
  readonly #section = document.createElement('section')
  readonly #plan: Plan
  readonly #plot: uPlot
  readonly #figures: HTMLElement[] = []
  #points: readonly Point[] = []

  constructor(parent: HTMLElement, plan: Plan, seconds: number) {
    this.#plan = plan
    this.#section.id = `chart-${plan.id}`
    this.#section.className = 'chart'
    const place = document.createElement('div')
    this.#section.append(this.#heading(), place)
    parent.append(this.#section)
    this.#plot = new uPlot(this.#options(seconds), [[], ...plan.lines.map(() => [])], place)
    new ResizeObserver(() => this.#fit(place)).observe(place)
    this.#fit(place)
  }

  draw(points: readonly Point[]): void {
    this.#points = points
    this.#section.hidden = this.#plan.shown?.(points) === false
    const columns = this.#plan.lines.map(line => points.map(point => line.of(point)))
    const shown = this.#plan.stacked ? stack(columns) : columns
    this.#plot.setData([points.map(({ at }) => at), ...shown])
    this.#tell()
  }

  redraw(): void {
    this.#plot.redraw()
  }

  #heading(): HTMLElement {
    const heading = document.createElement('header')
    const title = document.createElement('h2')
    title.textContent = this.#plan.title
    const legend = document.createElement('ul')
    for (const { name, color } of this.#plan.lines) {
      const item = document.createElement('li')
      const figure = document.createElement('b')
      const swatch = document.createElement('i')
      swatch.style.background = `var(--line-${color})`
      if (name !== '') item.append(swatch, name)
      item.append(figure)
      this.#figures.push(figure)
      legend.append(item)
    }
    heading.append(title, legend)
    return heading
  }

  #options(seconds: number): uPlot.Options {
    const { kind, stacked, lines } = this.#plan
    const faint = { stroke: () => css('--grid'), width: 1 }
    const text = { stroke: () => css('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } }
    const latest = () => this.#points.at(-1)?.at ?? 0
    return {
      width: 300,
      height: HEIGHT,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, setScale: false }, sync: { key: 'all' }, points: { size: 6 } },
      scales: {
        x: { time: false, range: () => [latest() - seconds, latest()] },
        y: { range: (_, _low, high) => [0, Math.max(high * 1.1, least[kind])] },
      },
      axes: [
        {
          ...text,
          size: 27,
          gap: 8,
          grid: { show: false },
          splits: () => Array.from({ length: seconds / LABELS + 1 }, (_, index) => latest() - index * LABELS),
          values: (_, splits) => splits.map(at => ago(latest() - at)),
        },
        {
          ...text,
          size: 62,
          gap: 6,
          grid: faint,
          space: 28,
          incrs: stepsOf(kind),
          values: (_, splits) => splits.map(value => labelOf(value, kind)),
        },
      ],
      series: [{}, ...lines.map(({ color }) => series(color, stacked === true || lines.length === 1))],
      bands: stacked ? lines.slice(1).map((_, index) => ({ series: [index + 1, index + 2] as const })) : [],
      hooks: { setCursor: [() => this.#tell()] },
    }
  }

  #fit(place: HTMLElement): void {
    if (place.clientWidth > 0) this.#plot.setSize({ width: place.clientWidth, height: HEIGHT })
  }

  #tell(): void {
    const point = this.#points[this.#plot.cursor.idx ?? this.#points.length - 1]
    for (const [index, { of }] of this.#plan.lines.entries()) {
      const value = point && of(point)
      const figure = this.#figures[index]
      if (figure !== undefined) {
        figure.textContent = value == null ? '–' : textOf(quantity(value, this.#plan.kind))
      }
    }
  }
}

function series(color: number, filled: boolean): uPlot.Series {
  const name = `--line-${color}`
  return {
    stroke: () => css(name),
    ...(filled && { fill: () => `${css(name)}38` }),
    width: 1.5,
    points: { show: false },
    spanGaps: true,
  }
}

/** Adds to each column those that follow it. */
function stack(columns: readonly (number | null)[][]): number[][] {
  const sums: number[][] = []
  let below: number[] = []
  for (const column of columns.toReversed()) {
    below = column.map((value, index) => (value ?? 0) + (below[index] ?? 0))
    sums.unshift(below)
  }
  return sums
}

function ago(seconds: number): string {
  const rounded = Math.round(seconds)
  if (rounded === 0) return 'now'
  return rounded % 60 === 0 ? `${rounded / 60} min` : `${rounded} s`
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
