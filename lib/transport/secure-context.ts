import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { RevioError } from '../errors.js'

/** Options that OpenSSL can reject one by one. */
const PARTS = ['cert', 'key', 'pfx', 'ca', 'crl', 'ciphers', 'ecdhCurve', 'sigalgs', 'dhparam'] as const

type Part = (typeof PARTS)[number]

const contexts = new WeakMap<SecureContextOptions, SecureContext>()

/**
 * Returns the context for validated options. Makes one for each object and caches it: a context takes a millisecond
 * and 50 KB.
 */
export function secureContextOf(options: SecureContextOptions): SecureContext {
  let context = contexts.get(options)
  if (context === undefined) {
    context = createSecureContext(options)
    contexts.set(options, context)
  }
  return context
}

/** @throws `ERR_TLS` with OpenSSL's reason and the option's name, if the options make no valid context. */
export function checkContext(options: SecureContextOptions, where: string): void {
  try {
    secureContextOf(options)
  } catch (cause) {
    const culprit = culpritOf(options)
    const hint = hintFor(options[culprit as Part])
    throw new RevioError('ERR_TLS', `${where}: option ${culprit}: ${reasonOf(cause)}${hint}`, { cause })
  }
  checkAuthorities(options, where)
}

/** Node ignores a `ca` that is not a certificate, so that no peer would be trusted. */
function checkAuthorities({ ca }: SecureContextOptions, where: string): void {
  for (const authority of Array.isArray(ca) ? ca : [ca]) {
    if (!authority) continue
    try {
      new X509Certificate(authority)
    } catch (cause) {
      throw new RevioError(
        'ERR_TLS',
        `${where}: option ca: expected certificates in PEM: ${reasonOf(cause)}${hintFor(authority)}`,
        { cause },
      )
    }
  }
}

/** `tls` takes PEM where an address takes a file's name: the two are easily confused. */
function hintFor(value: unknown): string {
  const isName = typeof value === 'string' && /^[^\n]{1,255}\.(?:pem|crt|cer|key)$/i.test(value)
  return isName ? '; expected its content, not the name of a file' : ''
}

/** OpenSSL says what is wrong, but not with which option. */
function culpritOf(options: SecureContextOptions): string {
  const given = PARTS.filter(name => options[name] !== undefined)
  const culprit = given.find(name => !stands(name, options))
  return culprit ?? given.filter(name => name === 'cert' || name === 'key').join(' and ')
}

function stands(name: Part, { passphrase, ...options }: SecureContextOptions): boolean {
  try {
    createSecureContext({ [name]: options[name], passphrase })
    return true
  } catch {
    return false
  }
}

/** Returns the reason of OpenSSL or Node in words, such as "wrong version number", without library and number. */
export function reasonOf(thrown: unknown): string {
  const { reason, message } = thrown as Error & { reason?: unknown }
  if (message.includes('DECODER routines::unsupported')) return 'no PEM, or of a kind that is not known'
  if (reason === 'no start line') return 'found no PEM of this kind (no start line)'
  if (typeof reason === 'string' && reason !== '') return reason
  const words = /^(?:[\dA-F]+:)?error:[\dA-F]+:[^:]*:[^:]*:([^:\n]+)/i.exec(message)?.[1]
  return words ?? message
}
