/** A number formatted for display. */
export interface Quantity {
  readonly value: string
  readonly unit: string
}

/** Units and their sizes, smallest first. */
const units = {
  count: { '': 1, k: 1e3, M: 1e6, G: 1e9 },
  rate: { '/s': 1, 'k/s': 1e3, 'M/s': 1e6 },
  traffic: { 'B/s': 1, 'kB/s': 1e3, 'MB/s': 1e6, 'GB/s': 1e9 },
  bytes: { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
  time: { µs: 1e-3, ms: 1, s: 1e3 },
  share: { '%': 0.01 },
}

export type Kind = keyof typeof units

/** Formats to three significant digits; small counts stay whole. */
export function quantity(amount: number, kind: Kind): Quantity {
  const all = Object.entries(units[kind])
  const [unit, size] = all.findLast(([, size]) => amount >= size * 0.9995) ?? all[0] ?? ['', 1]
  const scaled = amount / size
  const whole = size === 1 && kind !== 'time' && (kind !== 'rate' || scaled >= 10 || scaled === 0)
  return {
    value: scaled.toFixed(whole || scaled >= 99.95 || scaled === 0 ? 0 : scaled >= 9.995 ? 1 : 2),
    unit,
  }
}

export function textOf({ value, unit }: Quantity): string {
  return unit === '' || unit === '%' ? value + unit : `${value} ${unit}`
}

/** Label of a grid line, which has a round value. */
export function labelOf(amount: number, kind: Kind): string {
  const { value, unit } = quantity(amount, kind)
  return textOf({ value: String(Number(value)), unit: amount === 0 ? '' : unit })
}

/** Allowed steps of an axis, so that its labels are round. */
export function stepsOf(kind: Kind): number[] {
  if (kind === 'bytes') return Array.from({ length: 45 }, (_, power) => 2 ** power)
  if (kind === 'share') return [0.05, 0.1, 0.25, 0.5]
  const least = kind === 'time' ? -4 : 0
  return Array.from({ length: 45 }, (_, index) => [1, 2, 5][index % 3] as number).map(
    (digit, index) => digit * 10 ** (least + Math.floor(index / 3)),
  )
}

/** Minimum extent of an axis, so that tiny values do not fill it. */
export const least: Readonly<Record<Kind, number>> = {
  count: 4,
  rate: 4,
  traffic: 100,
  bytes: 1024,
  time: 0.01,
  share: 0.1,
}
