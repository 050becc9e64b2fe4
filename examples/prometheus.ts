import { Counter, Gauge, Registry } from 'prom-client'
import type { Server, Stats } from 'revio'

/** revio counts milliseconds; Prometheus expects seconds. */
const SECONDS = 1 / 1000

/** The metric for each figure: its name without `revio_`, its help text, and a factor. */
const metrics: Readonly<Record<keyof Stats, readonly [name: string, help: string, scale?: number]>> = {
  connections: ['connections', 'Open connections.'],
  accepted: ['connections_accepted_total', 'Connections accepted from peers.'],
  dialled: ['connections_dialled_total', 'Connections dialled or attached, including those that failed.'],
  failed: ['dials_failed_total', 'Dialled connections that could not be established.'],
  closed: ['connections_closed_total', 'Connections closed, for whatever reason.'],
  detached: ['connections_detached_total', 'Connections handed over as sockets.'],
  reset: ['connections_reset_total', 'Connections broken by the peer (ECONNRESET, EPIPE).'],
  timedOut: ['connections_timed_out_total', 'Connections closed by a timeout (ETIMEDOUT).'],
  refused: ['connections_refused_total', 'Peers turned away before their connection was opened.'],
  bytesIn: ['received_bytes_total', 'Bytes received, after TLS and other layers.'],
  bytesOut: ['sent_bytes_total', 'Bytes of output accepted by the operating system.'],
  pending: ['pending_bytes', 'Bytes of output waiting to be sent.'],
  events: ['events_total', 'Connection events, with or without a handler.'],
  turns: ['turns_total', 'Turns of the event loop that had events.'],
  longestTurn: ['longest_turn_seconds', 'Duration of the longest turn since the loop started.', SECONDS],
  recentTurn: ['recent_turn_seconds', 'Duration of the longest turn of the last 15 to 30 seconds.', SECONDS],
  busy: [
    'busy_seconds_total',
    'Time spent in turns: in handlers and in the work the loop does for them.',
    SECONDS,
  ],
  handshakes: ['tls_handshakes_total', 'TLS handshakes completed.'],
  resumed: ['tls_handshakes_resumed_total', 'Completed TLS handshakes that resumed an earlier session.'],
  handshakesFailed: ['tls_handshakes_failed_total', 'TLS handshakes that failed.'],
  stalled: ['loops_stalled', 'Loops of serveLoops that do not respond.'],
}

/**
 * A registry of all figures of `server.stats()`, labelled by `loop`, for Prometheus to scrape:
 *
 * ```ts
 * const registry = prometheus(server)
 * … [{ headers: { 'content-type': registry.contentType }, body: await registry.metrics() }]
 * ```
 */
export function prometheus(server: Pick<Server, 'loops' | 'stats'>): Registry {
  const registry = new Registry()
  for (const [figure, [name, help, scale = 1]] of Object.entries(metrics)) {
    const kind = name.endsWith('_total') ? Counter : Gauge
    new kind({
      name: `revio_${name}`,
      help,
      labelNames: ['loop'],
      registers: [registry],
      collect() {
        // prom-client's counters can only be incremented, so each scrape starts from zero.
        this.reset()
        for (let loop = 0; loop < server.loops; loop++) {
          this.inc({ loop }, server.stats({ loop })[figure as keyof Stats] * scale)
        }
      },
    })
  }
  return registry
}
