import { Glob } from './glob.js'
import { Refusal } from './refusal.js'

/** How a setting's value is checked and written; one without can only be read. */
type Check = (value: string) => string | undefined

interface Setting {
  value: string
  check: Check | undefined
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
}

const number: Check = value => (/^\d{1,15}$/.test(value) ? String(Number(value)) : undefined)
const text: Check = value => value
const yesNo: Check = value => (/^(yes|no)$/i.test(value) ? value.toLowerCase() : undefined)

const memory: Check = value => {
  const [, digits = '', unit = ''] = /^(\d{1,15})([a-z]*)$/.exec(value.toLowerCase()) ?? []
  const scale = UNITS[unit]
  return digits === '' || scale === undefined ? undefined : String(Number(digits) * scale)
}

const WHY = new Map<Check, string>([
  [number, "argument couldn't be parsed into an integer"],
  [yesNo, "argument must be 'yes' or 'no'"],
  [memory, 'argument must be a memory value'],
])

/**
 * What CONFIG GET and CONFIG SET speak of. Only `timeout` and `proto-max-bulk-len` have a meaning here; the others are
 * there because clients and tools ask for them, and say how things are.
 */
export class Settings {
  readonly #settings = new Map<string, Setting>([
    ['appendonly', { value: 'no', check: undefined }],
    ['databases', { value: '16', check: undefined }],
    ['maxclients', { value: '10000', check: number }],
    ['maxmemory', { value: '0', check: memory }],
    ['maxmemory-policy', { value: 'noeviction', check: text }],
    ['notify-keyspace-events', { value: '', check: text }],
    ['proto-max-bulk-len', { value: '536870912', check: undefined }],
    ['save', { value: '', check: text }],
    ['slowlog-log-slower-than', { value: '10000', check: number }],
    ['slowlog-max-len', { value: '128', check: number }],
    ['stop-writes-on-bgsave-error', { value: 'yes', check: yesNo }],
    ['timeout', { value: '0', check: number }],
  ])

  /** Names and values of all settings that one of the patterns matches. */
  matching(patterns: readonly Uint8Array[]): [name: string, value: string][] {
    const globs = patterns.map(pattern => new Glob(pattern))
    const all = [...this.#settings].map(([name, { value }]): [string, string] => [name, value])
    return all.filter(([name]) => globs.some(glob => glob.matches(Buffer.from(name))))
  }

  /** How long a connection may be silent, in milliseconds; 0: for ever. */
  get idleTimeout(): number {
    return Number(this.#settings.get('timeout')?.value) * 1000
  }

  /** Changes all of these settings, or none. */
  change(changes: ReadonlyMap<string, string>): void {
    const checked = [...changes].map(([name, value]) => this.#checked(name, value))
    for (const { setting, value } of checked) setting.value = value
  }

  #checked(name: string, wanted: string): { setting: Setting; value: string } {
    const setting = this.#settings.get(name)
    if (setting === undefined) {
      throw new Refusal(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
    }
    if (setting.check === undefined) throw failed(name, "can't set immutable config")
    const value = setting.check(wanted)
    if (value === undefined) throw failed(name, WHY.get(setting.check) ?? 'argument is not valid')
    return { setting, value }
  }
}

function failed(name: string, why: string): Refusal {
  return new Refusal(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`)
}
