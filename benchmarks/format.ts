/** Three significant digits, never in exponent notation: `0.271`, `4.61`, `98.4`, `1830`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(Number(value.toPrecision(3)))
  return value.toFixed(size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

/** `98.4 k`, `1.83 M`. */
export function thousands(value: number): string {
  if (value >= 999_500) return `${digits(value / 1e6)} M`
  if (value >= 999.5) return `${digits(value / 1e3)} k`
  return digits(value)
}

/** The size of a message: `64 B`, `16 KiB`. */
export function bytes(size: number): string {
  return size % 1024 === 0 ? `${size / 1024} KiB` : `${size} B`
}

/** A ratio, always with two decimals so that they line up. */
export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '-'
}
