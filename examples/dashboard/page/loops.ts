import { write } from './figures.js'
import type { Point, Rates } from './history.js'
import type { Kind } from './quantity.js'

/** The columns of the table; a phone omits the wide ones. */
const columns: readonly [name: string, kind: Kind, of: (rates: Rates) => number | null, wide?: 'wide'][] = [
  ['Conn.', 'count', ({ connections }) => connections],
  ['Events', 'rate', ({ events }) => events],
  ['Received', 'traffic', ({ bytesIn }) => bytesIn, 'wide'],
  ['Sent', 'traffic', ({ bytesOut }) => bytesOut, 'wide'],
  ['Unsent', 'bytes', ({ pending }) => pending, 'wide'],
  ['Mean turn', 'time', ({ meanTurn }) => meanTurn, 'wide'],
  ['Longest', 'time', ({ recentTurn }) => recentTurn],
  ['In turns', 'share', ({ busy }) => busy],
]

/** Loops side by side, one row each. */
export class LoopTable {
  readonly #rows: { cells: HTMLElement[]; bar: HTMLElement }[] = []

  constructor(table: HTMLTableElement, loops: number) {
    const head = table.createTHead().insertRow()
    for (const [name, classes] of [['Loop', ''], ...columns.map(column => [column[0], classesOf(column)])]) {
      const cell = document.createElement('th')
      cell.textContent = name ?? ''
      cell.className = classes ?? ''
      head.append(cell)
    }
    head.append(document.createElement('th'))
    const body = table.createTBody()
    for (let index = 0; index < loops; index++) this.#rows.push(row(body, index))
  }

  show({ loops }: Point): void {
    for (const [index, { cells, bar }] of this.#rows.entries()) {
      const rates = loops[index]
      if (rates === undefined) continue
      for (const [column, [, kind, of]] of columns.entries()) write(cells[column], of(rates), kind)
      bar.style.width = `${100 * rates.busy}%`
    }
  }
}

function row(body: HTMLTableSectionElement, index: number): { cells: HTMLElement[]; bar: HTMLElement } {
  const color = `var(--line-${index % 8})`
  const line = body.insertRow()
  const swatch = document.createElement('i')
  swatch.style.background = color
  line.insertCell().append(swatch, String(index))
  const cells = columns.map(column => {
    const cell = line.insertCell()
    cell.className = classesOf(column)
    return cell
  })
  const bar = document.createElement('span')
  bar.style.background = color
  const track = document.createElement('div')
  track.append(bar)
  const place = line.insertCell()
  place.className = 'bar'
  place.append(track)
  return { cells, bar }
}

/** Aligns headings with the digits, in front of the units. */
function classesOf([, kind, , wide]: (typeof columns)[number]): string {
  return `${kind === 'count' || kind === 'share' ? kind : 'unit'} ${wide ?? ''}`.trim()
}
