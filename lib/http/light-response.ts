import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.js'
import type { Chunk } from '../events.js'
import type { HeaderList, HttpResponse } from './message.js'

/** The platform's `Response`. */
const Real = globalThis.Response

type Content = Chunk | null
type BodyInit = NonNullable<ConstructorParameters<typeof Response>[0]>

/**
 * A `Response` that makes the real one only when a program uses something it does not implement itself. The real one
 * makes a stream of every body, which takes longer than the rest of a small response.
 */
class LightResponse {
  readonly #content: Content
  readonly #status: number
  readonly #statusText: string
  readonly #fields: Readonly<Record<string, string>> | undefined
  #headers: Headers | undefined
  #real: Response | undefined

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    const simple = body === null || body === undefined || typeof body === 'string' || isBytes(body)
    const { status = 200, statusText = '', headers } = init ?? {}
    this.#status = status
    this.#statusText = statusText
    // The real one reports what is wrong with its arguments.
    if (!simple || !isSimple(init)) {
      this.#content = null
      this.#real = new Real(body, init)
      return
    }
    // As in the real one, later changes to the arguments change nothing.
    this.#content = isBytes(body) ? Buffer.from(body) : ((body as string | undefined) ?? null)
    if (headers instanceof Headers) this.#headers = new Headers(headers)
    else if (headers !== undefined) this.#fields = { ...(headers as Record<string, string>) }
  }

  get status(): number {
    return this.#real?.status ?? this.#status
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get headers(): Headers {
    // The same object from the first call on.
    this.#headers ??= this.#real?.headers ?? withType(new Headers(this.#fields), this.#content)
    return this.#headers
  }

  /** The real `Response`. */
  get real(): Response {
    if (this.#real === undefined) {
      const { headers, status } = this
      const body = this.#content as BodyInit | null
      this.#real = new Real(body, { headers, status, statusText: this.#statusText })
    }
    return this.#real
  }

  clone(): Response {
    const copy = this.real.clone()
    if (this.headers === this.real.headers) return copy
    // The real one was made with these headers as they were then.
    const { headers, status } = this
    return new Real(copy.body, { headers, status, statusText: this.#statusText })
  }

  /** What to send; undefined if only the real one knows. */
  static plain(response: Response): HttpResponse | undefined {
    if (!(#real in response)) return undefined
    const light = response as unknown as LightResponse
    if (light.#real !== undefined) return undefined
    const body = light.#content
    const headers = light.#headers ?? light.#fields
    return { status: light.#status, headers: typeof body === 'string' ? typed(headers) : headers, body }
  }
}

const TEXT = 'text/plain;charset=UTF-8'
const ONLY_TYPE = { 'Content-Type': TEXT }

function withType(headers: Headers, content: Content): Headers {
  if (typeof content === 'string' && !headers.has('content-type')) headers.set('content-type', TEXT)
  return headers
}

/** As with `Response`, text without a type is plain text. */
function typed(headers: HeaderList | undefined): HeaderList {
  if (headers === undefined) return ONLY_TYPE
  if (headers instanceof Headers) return withType(headers, '')
  for (const name in headers) if (name.length === 12 && name.toLowerCase() === 'content-type') return headers
  return { ...headers, ...ONLY_TYPE }
}

/** Whether the real one would accept it, and return its values unchanged. */
function isSimple(init: ResponseInit | undefined): boolean {
  if (init === undefined) return true
  if (typeof init !== 'object' || init === null) return false
  const { status = 200, statusText = '', headers } = init
  if (!Number.isInteger(status) || status < 200 || status > 599) return false
  if (typeof statusText !== 'string' || !VALUE.test(statusText)) return false
  if (status === 204 || status === 205 || status === 304) return false
  return headers === undefined || headers instanceof Headers || isRecord(headers)
}

function isRecord(headers: object): boolean {
  if (headers === null || typeof headers !== 'object' || Symbol.iterator in headers) return false
  for (const name in headers) {
    const value = (headers as Record<string, unknown>)[name]
    if (typeof value !== 'string') return false
    if (valid.get(name) === value) continue
    if (!NAME.test(name) || !VALUE.test(value)) return false
    if (value.length <= LONGEST && (valid.size < REMEMBERED || valid.has(name))) valid.set(name, value)
  }
  return true
}

/** The last valid value of each name: most responses repeat it. */
const valid = new Map<string, string>()
const REMEMBERED = 1000
const LONGEST = 256

const NAME = /^[!#$%&'*+.^`|~\w-]+$/
/** Printable, and with nothing around it that `Headers` removes. */
const VALUE = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/

/** The real `Response` implements everything else. */
for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Real.prototype))) {
  if (name in LightResponse.prototype) continue
  Object.defineProperty(
    LightResponse.prototype,
    name,
    get === undefined
      ? {
          configurable: true,
          value(this: LightResponse, ...args: unknown[]) {
            return Reflect.apply(value, this.real, args)
          },
        }
      : {
          configurable: true,
          get(this: LightResponse) {
            return Reflect.get(this.real, name)
          },
        },
  )
}
Object.setPrototypeOf(LightResponse, Real)
Object.setPrototypeOf(LightResponse.prototype, Real.prototype)
// The responses of `fetch` are instances, too.
Object.defineProperty(LightResponse, Symbol.hasInstance, { value: (value: unknown) => value instanceof Real })

/** Makes programs create light responses from now on. */
export function useLightResponses(): void {
  Object.defineProperty(globalThis, 'Response', { configurable: true, writable: true, value: LightResponse })
}

/** Converts a `Response` to what `http` sends. */
export function responseFrom(response: Response): HttpResponse {
  const plain = LightResponse.plain(response)
  if (plain !== undefined) return plain
  const { status, headers, body } = response
  return { status, headers: headers as unknown as HeaderList, body: body as unknown as HttpResponse['body'] }
}
