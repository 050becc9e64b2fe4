import { once } from 'node:events'
import { WebSocket } from 'ws'

/** A chat user without a page. */
export class Guest {
  readonly #socket: WebSocket
  readonly got: { type: string; [key: string]: unknown }[] = []
  #changed: () => void = () => {}

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', data => {
      this.got.push(JSON.parse(String(data)))
      this.#changed()
    })
  }

  static async join(port: number, room: string, name: string): Promise<Guest> {
    const guest = await Guest.connect(port)
    guest.send({ type: 'join', room, name })
    await guest.hears(({ type }) => type === 'joined')
    return guest
  }

  static async connect(port: number): Promise<Guest> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
    const guest = new Guest(socket)
    await once(socket, 'open')
    return guest
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  say(id: string, text: string): void {
    this.send({ type: 'say', id, text })
  }

  get texts(): string[] {
    return this.got.filter(({ type }) => type === 'said').map(({ name, text }) => `${name}: ${text}`)
  }

  /** Waits for a message, or returns one that has already arrived. */
  async hears(wanted: (message: Guest['got'][number]) => boolean): Promise<Guest['got'][number]> {
    for (let next = 0; ; ) {
      for (const message of this.got.slice(next)) if (wanted(message)) return message
      next = this.got.length
      await new Promise<void>(resolve => {
        this.#changed = resolve
      })
    }
  }

  /** Waits for a second notice of a kind. */
  async hearsAgain(words: RegExp): Promise<string> {
    let count = 0
    const { text } = await this.hears(
      ({ type, text }) => type === 'notice' && words.test(String(text)) && ++count === 2,
    )
    return String(text)
  }

  hearsText(text: string): Promise<unknown> {
    return this.hears(message => message.type === 'said' && message.text === text)
  }

  hearsNames(...names: string[]): Promise<unknown> {
    return this.hears(message => message.type === 'people' && String(message.names) === String(names))
  }

  async closed(): Promise<number> {
    const [code] = await once(this.#socket, 'close')
    return code
  }

  leave(): void {
    this.#socket.close()
  }
}
