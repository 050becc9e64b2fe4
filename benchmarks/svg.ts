import type { Metric, Outcome, Plan, Row } from './plan.js'
import { median } from './statistics.js'
import { valuesOf } from './table.js'

const WIDTH = 920
const MARGIN = 24
/** Space for the test's name to the left of a panel, and for the figure after a bar. */
const NAME = 150
const FIGURE = 62
const BAR = 11
const STEP = 13
const GAP = 9

/** Fills that stay distinguishable on white and on near-black: for revio's own servers, and for the others. */
const OURS = ['#3b82d6', '#35a37c', '#b45fc4', '#d1536f']
const THEIRS = ['#8b95a5', '#e07b39', '#c9a227']

interface Bar {
  readonly server: string
  readonly value: number
}

/** The bars of one test. */
interface Cluster {
  readonly name: string
  readonly bars: readonly Bar[]
}

/**
 * A chart of a result: a panel for each charted metric, side by side; tests below each other; a bar for each server.
 * Tests differ by orders of magnitude, so each has its own scale: its longest bar fills the panel. The figures follow
 * the bars.
 */
export function svg(plan: Plan, outcome: Outcome, caption: readonly string[]): string {
  const metrics = plan.metrics.filter(({ chart }) => chart !== undefined)
  const drawn = outcome.rows.filter(row => metrics.some(metric => clustersOf([row], metric).length > 0))
  const servers = [...new Set(drawn.map(row => row.server))]
  const groups = [...new Set(drawn.map(row => row.group))]
  const width = (WIDTH - MARGIN * 2 - MARGIN * (metrics.length - 1)) / metrics.length
  const parts: string[] = [text(MARGIN, 34, plan.title, 'title'), text(MARGIN, 54, plan.conditions, 'note')]
  parts.push(legend(servers, 78))
  let y = 112
  parts.push(
    ...metrics.map((metric, i) => text(MARGIN + i * (width + MARGIN), y, metric.chart ?? '', 'head')),
  )
  for (const group of groups) {
    const rows = outcome.rows.filter(row => row.group === group)
    y += 30
    parts.push(text(MARGIN, y, group, 'group'))
    y += 12
    const heights = metrics.map((metric, i) => {
      const { text: part, height } = panel(
        clustersOf(rows, metric),
        metric,
        servers,
        MARGIN + i * (width + MARGIN),
        y,
        width,
      )
      parts.push(part)
      return height
    })
    y += Math.max(0, ...heights)
  }
  y += 14
  for (const line of [`${medians(plan)} Each test has its own scale.`, ...caption]) {
    y += 17
    parts.push(text(MARGIN, y, line, 'note'))
  }
  return page(plan.title, y + MARGIN, parts)
}

function medians({ rounds }: Plan): string {
  return rounds === 1 ? 'One round.' : `Medians of ${rounds} interleaved rounds.`
}

function clustersOf(rows: readonly Row[], { key }: Metric): Cluster[] {
  // Not every test has every metric.
  const bars = rows
    .map(row => ({ trial: row.trial, server: row.server, value: median(valuesOf(row, key)) }))
    .filter(({ value }) => Number.isFinite(value))
  return [...new Set(bars.map(({ trial }) => trial))].map(name => ({
    name,
    bars: bars.filter(({ trial }) => trial === name),
  }))
}

function panel(
  clusters: readonly Cluster[],
  { format }: Metric,
  servers: readonly string[],
  x: number,
  top: number,
  width: number,
) {
  const room = width - NAME - FIGURE
  const parts: string[] = []
  let y = top
  for (const { name, bars } of clusters) {
    const longest = Math.max(...bars.map(({ value }) => value))
    const middle = y + (bars.length * STEP) / 2 + 3.5
    parts.push(text(x + NAME - 8, middle, name, 'name'))
    for (const { server, value } of bars) {
      const length = longest > 0 ? Math.max(1, (value / longest) * room) : 1
      parts.push(rectangle(x + NAME, y, length, BAR, colourOf(server, servers)))
      parts.push(text(x + NAME + length + 5, y + 9, format(value), 'figure'))
      y += STEP
    }
    y += GAP
  }
  return { text: parts.join('\n'), height: y - top }
}

function legend(servers: readonly string[], y: number): string {
  let x = MARGIN
  const parts = servers.map(server => {
    const part = `${rectangle(x, y - 9, 11, 11, colourOf(server, servers))}\n${text(x + 17, y, server, 'key')}`
    x += 40 + server.length * 7.2
    return part
  })
  return parts.join('\n')
}

function colourOf(server: string, servers: readonly string[]): string {
  const isOurs = (name: string) => name.startsWith('revio')
  const colours = isOurs(server) ? OURS : THEIRS
  const alike = servers.filter(name => isOurs(name) === isOurs(server))
  return colours[alike.indexOf(server) % colours.length] ?? '#888888'
}

function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="1.5" fill="${fill}"/>`
}

function text(x: number, y: number, words: string, kind: string): string {
  return `<text class="${kind}" x="${at(x)}" y="${at(y)}">${escaped(words)}</text>`
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Has its own background, so that it is legible anywhere, and follows the reader's light or dark mode. */
function page(title: string, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${at(height)}" width="${WIDTH}" height="${at(height)}" role="img" aria-label="${escaped(title)}">
<style>
  .ground { fill: #ffffff }
  text { fill: #1f2733; font: 12px ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif }
  .title { font-size: 18px; font-weight: 600 }
  .head, .group { font-weight: 600 }
  .note { fill: #5b6675; font-size: 11px }
  .name { text-anchor: end }
  .figure { font-size: 10.5px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #12161c }
    text { fill: #e4e8ee }
    .note { fill: #9aa5b4 }
  }
</style>
<rect class="ground" width="${WIDTH}" height="${at(height)}" rx="8"/>
${parts.join('\n')}
</svg>
`
}
