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
  readonly #init: ResponseInit | undefined
  #headers: Headers | undefined
  #real: Response | undefined

  constructor(body?: BodyInit | null, init?: ResponseInit) {
    const simple = body === null || body === undefined || typeof body === 'string' || isBytes(body)
    this.#content = simple ? ((body as Content | undefined) ?? null) : null
    this.#init = init
    // The real one reports what is wrong with its arguments.
    if (!simple || !isSimple(init)) this.#real = new Real(body, init)
    else if (init?.headers instanceof Headers) this.#headers = new Headers(init.headers)
  }

  get status(): number {
    return this.#real?.status ?? this.#init?.status ?? 200
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  get headers(): Headers {
    if (this.#real !== undefined) return this.#real.headers
    this.#headers ??= withType(new Headers(this.#init?.headers), this.#content)
    return this.#headers
  }

  /** The real `Response`. */
  get real(): Response {
    if (this.#real === undefined) {
      const { headers, status } = this
      const body = this.#content as BodyInit | null
      this.#real = new Real(body, { headers, status, statusText: this.#init?.statusText ?? '' })
    }
    return this.#real
  }

  /** What to send; undefined if only the real one knows. */
  static plain(response: Response): HttpResponse | undefined {
    if (!(#real in response)) return undefined
    const light = response as unknown as LightResponse
    if (light.#real !== undefined) return undefined
    const status = light.#init?.status ?? 200
    const headers = light.#headers ?? (light.#init?.headers as HeaderList | undefined)
    if (typeof light.#content !== 'string') return { status, headers, body: light.#content }
    return { status, headers: typed(headers), body: light.#content }
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
  const { status = 200, headers } = init
  if (!Number.isInteger(status) || status < 200 || status > 599) return false
  if (status === 204 || status === 205 || status === 304) return false
  return headers === undefined || headers instanceof Headers || isRecord(headers)
}

function isRecord(headers: object): boolean {
  if (headers === null || typeof headers !== 'object' || Symbol.iterator in headers) return false
  for (const name in headers) if (typeof (headers as Record<string, unknown>)[name] !== 'string') return false
  return true
}

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
