import type { Buffer } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { asError, RevioError } from '../errors.js'
import type { TlsInfo } from '../tls.js'
import { secureContextOf } from '../transport/secure-context.js'
import type { ClientSecurity, KnownSession, ServerSecurity, ServerSessions } from '../transport/security.js'
import { identityError } from '../transport/tls-trust.js'

/** The part of Node's internal TLS handle that this module uses. */
interface Handle {
  /** Why the peer's certificate is not trusted. */
  verifyError?: () => (Error & { code?: string }) | null | undefined
  /**
   * Called before the server selects a certificate. Node's implementation calls `SNICallback` if the client sent a
   * server name.
   */
  oncertcb?: (info: { servername: unknown }) => void
}

/** Stands for the name of a client that sends none, because Node does not call `SNICallback` for it. */
const NO_NAME = '\0'

/** Returns a stream of plain bytes, which TLS carries over `wire`. */
export function tlsStream(wire: Duplex, security: ServerSecurity | ClientSecurity): tls.TLSSocket {
  const { context, alpn, rejectUnauthorized } = security
  const common = {
    secureContext: secureContextOf(context),
    rejectUnauthorized,
    ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
  }
  if (security.side === 'server') {
    const { requestCert, choose } = security
    const options: tls.TLSSocketOptions = { ...common, isServer: true, requestCert }
    if (choose !== undefined) options.SNICallback = sniCallback(choose)
    const socket = new tls.TLSSocket(wire, options)
    if (choose !== undefined) chooseWithoutName(socket)
    // After the handshake, Node reports the errors of such a socket only to its own server.
    socket.on('_tlsError', error => socket.destroy(error))
    return socket
  }
  const { servername, sessions } = security
  const named = servername !== '' && isIP(servername) === 0
  const socket = tls.connect({
    ...common,
    socket: wire,
    host: servername,
    ...(named ? { servername } : {}),
    ...(sessions?.newest && { session: sessions.newest.bytes }),
  })
  if (sessions !== undefined) keepSessions(socket, sessions)
  return socket
}

/** The sessions that clients offered to resume. */
const offered = new WeakMap<tls.TLSSocket, KnownSession>()

function keepSessions(socket: tls.TLSSocket, sessions: ServerSessions): void {
  const { newest } = sessions
  if (newest !== undefined) offered.set(socket, newest)
  socket.on('session', bytes => {
    sessions.newest = { bytes, certificate: peerCertificateOf(socket) }
  })
  // The offered session may be the reason for the failure.
  const forget = () => {
    sessions.newest = undefined
  }
  socket.once('error', forget)
  socket.once('secureConnect', () => socket.off('error', forget))
}

function sniCallback(choose: NonNullable<ServerSecurity['choose']>): tls.TLSSocketOptions['SNICallback'] {
  return (name, done) => {
    const chosen = async () => choose(name === NO_NAME ? '' : name)
    chosen().then(
      options => done(null, options === undefined ? undefined : secureContextOf(options)),
      (thrown: unknown) => done(asError(thrown, 'choose')),
    )
  }
}

function chooseWithoutName(socket: tls.TLSSocket): void {
  const handle = handleOf(socket)
  const own = handle.oncertcb
  if (own === undefined) return
  handle.oncertcb = function (info) {
    own.call(this, info.servername ? info : { ...info, servername: NO_NAME })
  }
}

function handleOf(socket: tls.TLSSocket): Handle {
  return (socket as { _handle?: Handle | null })._handle ?? {}
}

/** Why the peer is not trusted, if that must end the connection and Node does not check it. */
export function refusalOf(
  socket: tls.TLSSocket,
  security: ServerSecurity | ClientSecurity,
): Error | undefined {
  if (security.side === 'client') {
    return security.rejectUnauthorized ? resumedIdentityError(socket, security) : undefined
  }
  if (!security.requestCert || !security.rejectUnauthorized) return undefined
  if (socket.getPeerX509Certificate() === undefined) {
    return new RevioError('ERR_TLS', 'the client sent no certificate')
  }
  return verifyErrorOf(socket) ?? undefined
}

/**
 * The peer's certificates. Node returns one only once to a client: a second call returns the next certificate of the
 * chain.
 */
const shown = new WeakMap<tls.TLSSocket, X509Certificate>()

/** A server that resumes a session sends no certificate, so the certificate of the original handshake applies. */
function peerCertificateOf(socket: tls.TLSSocket): X509Certificate | undefined {
  let certificate = shown.get(socket)
  if (certificate !== undefined) return certificate
  certificate = socket.isSessionReused() ? offered.get(socket)?.certificate : undefined
  certificate ??= socket.getPeerX509Certificate()
  if (certificate !== undefined) shown.set(socket, certificate)
  return certificate
}

/** Node does not check the name again when it resumes a session. */
function resumedIdentityError(
  socket: tls.TLSSocket,
  { servername }: ClientSecurity,
): NodeJS.ErrnoException | undefined {
  if (!socket.isSessionReused() || servername === '') return undefined
  const certificate = peerCertificateOf(socket)
  if (certificate === undefined) return new Error('the server sent no certificate')
  return identityError(servername, certificate)
}

function verifyErrorOf(socket: tls.TLSSocket): (Error & { code?: string }) | null | undefined {
  const handle = handleOf(socket)
  return handle.verifyError === undefined ? new Error('not verified') : handle.verifyError()
}

/** What the handshake negotiated. */
export function tlsInfoOf(socket: tls.TLSSocket, security: ServerSecurity | ClientSecurity): TlsInfo {
  const peerCertificate = peerCertificateOf(socket)
  const error = authorizationErrorOf(socket, security, peerCertificate !== undefined)
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher().name,
    servername: security.side === 'server' ? socket.servername || '' : namedBy(security),
    alpn: socket.alpnProtocol || '',
    reused: socket.isSessionReused(),
    authorized: peerCertificate !== undefined && error === undefined,
    authorizationError: error,
    peerCertificate,
  }
}

function authorizationErrorOf(
  socket: tls.TLSSocket,
  security: ServerSecurity | ClientSecurity,
  shown: boolean,
): string | undefined {
  if (security.side === 'client') {
    const { authorizationError: error } = socket as { authorizationError?: unknown }
    const found = error ?? resumedIdentityError(socket, security)
    return found instanceof Error ? ((found as NodeJS.ErrnoException).code ?? found.message) : asText(found)
  }
  if (!security.requestCert || !shown) return undefined
  const error = verifyErrorOf(socket)
  return error === null || error === undefined ? undefined : (error.code ?? error.message)
}

function asText(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value)
}

function namedBy({ servername }: ClientSecurity): string {
  return isIP(servername) === 0 ? servername : ''
}

/** Calls `ended` when the stream ends, before any listener runs. */
export function watchEnd(socket: tls.TLSSocket, ended: () => void): void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk === null) ended()
    return push(chunk, encoding)
  }
}
