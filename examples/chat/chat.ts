import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Http, http } from 'revio/http'
import { websocket } from 'revio/websocket'
import { readPage, type Said, type Shared, type ToPage } from './message.js'
import { alone, type Listener, type Relay } from './relay.js'
import { Room } from './room.js'

const page = readFileSync(new URL('../../../examples/chat/page.html', import.meta.url))
/** The most rooms to keep with their messages while nobody is in them. */
const ROOMS = 1000
/** Milliseconds between announcements of who is here, to the other servers. */
const HEARTBEAT = 5000

/** The user of a connection, once it has joined. */
interface Guest {
  name: string
  room: Room | undefined
}

/** Chat rooms: a page, and messages over WebSocket. `connect` connects to other servers. */
export class Chat implements Listener {
  readonly #server = randomUUID()
  readonly #rooms = new Map<string, Room>()
  #relay: Relay = alone

  readonly #sockets = websocket<Guest>({
    message: (id, data, _isBinary, guest) => {
      const message = typeof data === 'string' ? readPage(data) : undefined
      if (message === undefined) return [null, { code: 1007, reason: 'not a message of this chat' }]
      if (message.type === 'join') this.#join(id, guest, message.room, message.name)
      else if (guest.room === undefined) return [null, { code: 1008, reason: 'join a room first' }]
      else
        this.#say(guest.room, {
          type: 'said',
          id: message.id,
          name: guest.name,
          text: message.text,
          at: Date.now(),
        })
      return undefined
    },
    closed: (id, _code, _reason, _error, guest) => this.#leave(id, guest),
  })

  /** The handlers for `serve`. */
  get events(): Http {
    return http({
      request: (_id, { method, path }) => {
        if (path !== '/') return [{ status: 404 }]
        if (method !== 'GET' && method !== 'HEAD') return [{ status: 405, headers: { allow: 'GET, HEAD' } }]
        return [{ headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }]
      },
      upgrade: (id, request) => {
        if (request.path !== '/ws') return [{ status: 404 }]
        return this.#sockets(id, request, { name: '', room: undefined })
      },
      tick: () => {
        for (const room of this.#rooms.values()) this.#tellOthers(room)
        return [HEARTBEAT]
      },
    })
  }

  /** Shares the rooms with the servers that this relay reaches. */
  share(relay: Relay): void {
    this.#relay = relay
  }

  /** Says goodbye to the other servers. */
  async close(): Promise<void> {
    for (const room of this.#rooms.values()) {
      this.#relay.publish(room.name, { type: 'here', server: this.#server, names: [] })
    }
    await this.#relay.close()
  }

  received(name: string, message: Shared): void {
    const room = this.#rooms.get(name)
    if (room === undefined || ('server' in message && message.server === this.#server)) return
    if (message.type === 'said') this.#deliver(room, message)
    else if (message.type === 'history') for (const said of message.said) this.#deliver(room, said)
    else if (message.type === 'here') {
      room.told(message.server, message.names, Date.now())
      this.#people(room)
    } else {
      this.#tellOthers(room)
      this.#relay.publish(name, { type: 'history', server: this.#server, said: room.history })
    }
  }

  disconnected(): void {
    this.#notice('Other servers are out of reach. What you say is kept for them.')
  }

  reconnected(lost: number): void {
    const words = lost === 0 ? 'nothing was lost.' : `${lost} messages were too many to be kept for them.`
    this.#notice(`Other servers are back: ${words}`)
    for (const room of this.#rooms.values()) this.#ask(room)
  }

  #join(id: number, guest: Guest, name: string, as: string): void {
    this.#leave(id, guest)
    let room = this.#rooms.get(name)
    if (room === undefined) {
      room = new Room(name)
      this.#rooms.set(name, room)
      this.#forget()
      this.#ask(room)
    }
    guest.name = as
    guest.room = room
    room.enter(id, as)
    this.#sockets.subscribe(id, name)
    this.#send(id, { type: 'joined', room: name, history: room.history })
    this.#changed(room)
  }

  #leave(id: number, guest: Guest): void {
    const { room } = guest
    if (room === undefined) return
    guest.room = undefined
    room.leave(id)
    this.#sockets.unsubscribe(id, room.name)
    this.#changed(room)
  }

  /** Forgets the oldest rooms first. */
  #forget(): void {
    for (const [name, room] of this.#rooms) {
      if (this.#rooms.size <= ROOMS) return
      if (room.empty) this.#rooms.delete(name)
    }
  }

  /** Local users get the message even if the relay fails. */
  #say(room: Room, said: Said): void {
    if (this.#deliver(room, said)) this.#relay.publish(room.name, said)
  }

  #deliver(room: Room, said: Said): boolean {
    const fresh = room.keep(said)
    if (fresh) this.#sockets.publish(room.name, JSON.stringify(said))
    return fresh
  }

  #ask(room: Room): void {
    this.#relay.publish(room.name, { type: 'ask', server: this.#server })
    this.#tellOthers(room)
  }

  #changed(room: Room): void {
    this.#people(room)
    this.#tellOthers(room)
  }

  #tellOthers(room: Room): void {
    this.#relay.publish(room.name, { type: 'here', server: this.#server, names: room.here })
  }

  #people(room: Room): void {
    const message: ToPage = { type: 'people', names: room.names(Date.now()) }
    this.#sockets.publish(room.name, JSON.stringify(message))
  }

  #notice(text: string): void {
    const message: ToPage = { type: 'notice', text }
    this.#sockets.broadcast(this.#sockets.ids(), JSON.stringify(message))
  }

  #send(id: number, message: ToPage): void {
    this.#sockets.send(id, JSON.stringify(message))
  }
}
