import { Action, type Events, type Handlers, type Options, protocol, type Server } from 'revio'
import { redis } from './redis/server.js'
import { site } from './site.js'

/** Milliseconds for the first byte, which determines the protocol. */
const PATIENCE = 10_000

/** The first byte of a RESP command, which is an array. No HTTP method starts with it. */
const ASTERISK = 42

/** RESP and HTTP on one port: the first byte of a connection selects its handlers. */
export function respOrHttp(): Events {
  const clone = redis()
  const web = site()
  let server: Server

  /** Switches to `events` as if the connection had just opened, and delivers the first input again. */
  function become<Context>(id: number, events: Handlers<Context>, input: Buffer): void {
    const info = server.info(id)
    if (info === undefined) return
    const [, options] = events.opened?.(id, info) ?? []
    const { context, ...others } = (options ?? {}) as Options<Context>
    server.configure(id, protocol(events, context as Context, { ...others, input }))
  }

  return {
    serving(running) {
      server = running
      // Its `opened`, which is called here, needs the server.
      web.serving?.(running)
    },
    opened(id) {
      server.deadline(id, PATIENCE)
    },
    data(id, input) {
      if (input === null) return
      server.deadline(id, Number.POSITIVE_INFINITY)
      if (input[0] === ASTERISK) become(id, clone, input)
      else become(id, web, input)
    },
    expired: () => [null, Action.Close],
  }
}
