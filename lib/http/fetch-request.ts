import type { HttpRequest } from './message.js'

/** The arguments for a real `Request`. */
interface Init extends RequestInit {
  duplex?: 'half'
}

/**
 * A `Request` that makes the real one only when a program uses something it does not implement itself. Most handlers
 * read the method, the URL and a few fields.
 */
class LazyRequest {
  readonly #req: HttpRequest
  readonly #secure: boolean
  #url: string | undefined
  #headers: Headers | undefined
  #real: Request | undefined

  constructor(req: HttpRequest, secure: boolean) {
    this.#req = req
    this.#secure = secure
  }

  get method(): string {
    return this.#req.method
  }

  get url(): string {
    this.#url ??= urlOf(this.#req, this.#secure)
    return this.#url
  }

  get headers(): Headers {
    this.#headers ??= this.#real?.headers ?? new Headers(this.#req.headers.raw as [string, string][])
    return this.#headers
  }

  get signal(): AbortSignal {
    return this.#req.signal
  }

  /** The real `Request`. */
  get real(): Request {
    if (this.#real === undefined) {
      const { method, signal } = this.#req
      const init: Init = { method, headers: this.headers, signal }
      if (method !== 'GET' && method !== 'HEAD') {
        init.body = this.#req.stream as unknown as NonNullable<Init['body']>
        init.duplex = 'half'
      }
      this.#real = new Request(this.url, init)
    }
    return this.#real
  }
}

function urlOf({ target, host }: HttpRequest, secure: boolean): string {
  if (target.charCodeAt(0) !== 47) return new URL(target, `http://${host}`).href
  return `${secure ? 'https' : 'http'}://${host}${target}`
}

/** The real `Request` implements everything else. */
for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(Request.prototype))) {
  if (name in LazyRequest.prototype) continue
  Object.defineProperty(LazyRequest.prototype, name, {
    configurable: true,
    ...(get === undefined
      ? {
          value(this: LazyRequest, ...args: unknown[]) {
            return Reflect.apply(value, this.real, args)
          },
        }
      : {
          get(this: LazyRequest) {
            return Reflect.get(this.real, name)
          },
        }),
  })
}
// `fetch` and `new Request` read the state of a `Request` there, in the versions of Node that keep it behind symbols.
for (const symbol of Object.getOwnPropertySymbols(new Request('http://localhost'))) {
  Object.defineProperty(LazyRequest.prototype, symbol, {
    configurable: true,
    get(this: LazyRequest) {
      return Reflect.get(this.real, symbol)
    },
  })
}
Object.setPrototypeOf(LazyRequest.prototype, Request.prototype)

/** Returns a `Request` for an `HttpRequest`. */
export function requestOf(req: HttpRequest, secure: boolean): Request {
  return new LazyRequest(req, secure) as unknown as Request
}
