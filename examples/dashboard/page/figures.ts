import type { Point } from './history.js'
import { type Kind, quantity } from './quantity.js'

/** The figures at the top: id, name, kind and source. */
const figures: readonly [id: string, name: string, kind: Kind, of: (point: Point) => number][] = [
  ['connections', 'Connections', 'count', ({ total }) => total.connections],
  ['events', 'Events', 'rate', ({ total }) => total.events],
  ['in', 'Received', 'traffic', ({ total }) => total.bytesIn],
  ['out', 'Sent', 'traffic', ({ total }) => total.bytesOut],
  ['busy', 'Busiest loop', 'share', ({ total }) => total.busy],
  ['longest', 'Longest turn', 'time', ({ total }) => total.recentTurn],
  ['pending', 'Unsent output', 'bytes', ({ total }) => total.pending],
  ['resident', 'Memory', 'bytes', ({ sample }) => sample.rss],
]

export class Figures {
  readonly #values = new Map<string, HTMLElement>()

  constructor(parent: HTMLElement, loops: number) {
    for (const [id, name] of figures) {
      const label = document.createElement('dt')
      label.textContent = id === 'busy' && loops === 1 ? 'Time in turns' : name
      const value = document.createElement('dd')
      value.id = id
      const figure = document.createElement('div')
      figure.append(label, value)
      parent.append(figure)
      this.#values.set(id, value)
    }
  }

  show(point: Point): void {
    for (const [id, , kind, of] of figures) write(this.#values.get(id), of(point), kind)
  }
}

/** Writes a figure with its unit in small type; a dash for null. */
export function write(element: HTMLElement | undefined, amount: number | null, kind: Kind): void {
  if (amount === null) return void element?.replaceChildren('–')
  const { value, unit } = quantity(amount, kind)
  const small = document.createElement('small')
  small.textContent = unit
  element?.replaceChildren(value, ...(unit === '' ? [] : [small]))
}
