import { Glob } from './glob.js'
import { parseEvents } from './keyspace/event.js'
import { usualLimits } from './keyspace/limits.js'
import { Refusal } from './refusal.js'
import { DEFINITIONS, type Definition } from './setting-table.js'

/** A setting and its current value. */
interface Setting extends Definition {
  value: string
}

/** The settings, as CONFIG GET and CONFIG SET see them, and as the server uses them. */
export class Settings {
  readonly limits = usualLimits()
  readonly #settings = new Map<string, Setting>()

  constructor() {
    for (const [name, definition] of Object.entries(DEFINITIONS)) {
      const setting = { ...definition }
      this.#settings.set(name, setting)
      if (setting.alias !== undefined) this.#settings.set(setting.alias, setting)
    }
  }

  /** Names and values of all settings that match a pattern. A plain name is returned as given. */
  matching(patterns: readonly string[]): Map<string, string> {
    const found = new Map<string, string>()
    for (const pattern of patterns) {
      const glob = new Glob(Buffer.from(pattern.toLowerCase()))
      const plain = !/[*?[]/.test(pattern)
      for (const [name, { value }] of this.#settings) {
        if (glob.matches(Buffer.from(name))) found.set(plain ? pattern : name, value)
      }
    }
    return found
  }

  /** The idle timeout of a connection in milliseconds; 0: none. */
  get idleTimeout(): number {
    return Number(this.#settings.get('timeout')?.value) * 1000
  }

  /** Which keyspace events to publish, and where: bits of `Event`. */
  get events(): number {
    return parseEvents(this.#settings.get('notify-keyspace-events')?.value ?? '') ?? 0
  }

  /** Changes all of these settings, or none. */
  change(changes: readonly (readonly [name: string, value: string])[]): void {
    const names = new Set<string>()
    for (const [name] of changes) {
      this.#changeable(name)
      if (names.has(name)) throw failed(name, 'duplicate parameter')
      names.add(name)
    }
    const values = changes.map(([name, value]) => checked(this.#changeable(name), name, value))
    for (const [index, [name]] of changes.entries()) {
      const setting = this.#changeable(name)
      setting.value = values[index] ?? setting.value
      if (setting.limit !== undefined) this.limits[setting.limit] = Number(setting.value)
    }
  }

  #changeable(name: string): Setting {
    const setting = this.#settings.get(name.toLowerCase())
    if (setting === undefined) {
      throw new Refusal(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
    }
    if (setting.check === undefined) throw failed(name, "can't set immutable config")
    return setting
  }
}

function checked({ check, value }: Setting, name: string, wanted: string): string {
  try {
    return check?.(wanted) ?? value
  } catch (thrown) {
    throw thrown instanceof Refusal ? failed(name, thrown.message) : thrown
  }
}

function failed(name: string, why: string): Refusal {
  return new Refusal(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`)
}
