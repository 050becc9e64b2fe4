import type { Socket } from 'node:net'
import { Action } from 'revio'
import { codeOf } from './errors.js'
import type { Call } from './plan.js'
import type { CallMade } from './rule.js'
import type { Story } from './story.js'
import type { World } from './world.js'

/** Ids that are never assigned. */
const NO_ID = 1_000_000

/** Calls the server's methods as a plan says, and records their results. */
export class Caller {
  readonly #world: World
  /** The socket attached last. */
  #attached: Socket | undefined

  constructor(world: World) {
    this.#world = world
  }

  /** Calls a method of the server, from a handler or from outside. */
  call(call: Call): void {
    if (call.call === 'shutdown') {
      this.#world.note('server.shutdown', call.timeout)
      this.#world.server.shutdown({ timeout: call.timeout })
      this.#world.effect(() => this.#world.shut(call.timeout))
    } else if (call.call === 'stall') {
      // In `serving` there is no simulation yet.
      if (this.#world.simulation === undefined) return
      this.#world.note('stall', call.ms)
      this.#world.stalled = this.#world.everStalled = true
      this.#world.simulation.stall(call.ms)
      this.#world.stalledUntil = this.#world.now
    } else if (call.call === 'dial') this.#dial(call)
    else if (call.call === 'attach') this.#attach(call)
    else this.#callFor(call)
  }

  #dial({ peer, reachable, timeout }: Extract<Call, { call: 'dial' }>): void {
    const story = this.#world.stories[peer]
    if (story === undefined || this.#world.simulation === undefined) return
    if (story.peer !== undefined || story.dialled !== undefined) return
    const address = `tcp4://10.0.0.1:${8000 + peer}`
    story.dialled = { reachable, attached: false, late: this.#world.shutdown !== undefined }
    story.mask = story.script.layer?.mask ?? 0
    if (reachable) {
      this.#world.simulation.listen(address, arrived => {
        story.peer = arrived
      })
    }
    story.id = this.#make(() => this.#world.server.dial(address, timeout === 0 ? {} : { timeout }), 'dial')
  }

  #attach({ peer, what }: Extract<Call, { call: 'attach' }>): void {
    const story = this.#world.stories[peer]
    if (what === 'garbage') return this.#refused({}, 'ERR_OPTION')
    if (what === 'twice') return void (this.#attached && this.#refused(this.#attached, 'ERR_UNSUPPORTED'))
    const { socket, script } = story ?? {}
    if (story === undefined || socket === undefined || script?.after === undefined) return
    if (story.busy || socket.writableLength > 0) return
    if (socket.destroyed || story.layer !== undefined) return this.#refused(socket, 'ERR_UNSUPPORTED')
    const next = story.successor(script.after, this.#world.shutdown !== undefined)
    next.id = this.#make(() => this.#world.server.attach(socket), 'attach')
    // Once the loop has ended, the socket still belongs to its owner.
    if (next.id === 0) return
    socket.removeAllListeners('data')
    this.#world.stories[peer] = next
    this.#attached = socket
  }

  /** Every connection made by a call gets an id; if the loop is ending, it may be too late. */
  #make(call: () => number, name: string): number {
    try {
      const id = call()
      this.#world.note(`server.${name}`, `=> ${id}`)
      return id
    } catch (error) {
      this.#world.note(`server.${name}`, String(error))
      if (this.#world.shutdown === undefined || codeOf(error) !== 'ERR_ENDED') throw error
      return 0
    }
  }

  #refused(socket: object, code: string): void {
    this.#world.note('server.attach', code)
    try {
      this.#world.server.attach(socket as Socket)
    } catch (error) {
      if (codeOf(error) === code) return
      throw error
    }
    this.#world.ask(({ name }) => (name === 'calls' ? `attach takes what is ${code}` : undefined))
  }

  #callFor(call: Exclude<Call, { call: 'shutdown' | 'stall' | 'dial' | 'attach' }>): void {
    this.#world.identify()
    const story = this.#world.stories[call.peer]
    if (story === undefined) return
    const id = story.id || NO_ID + story.number
    if (call.call === 'send') return this.#send(story, id, call)
    const answer = this.#world.server[call.call](id)
    this.#made({ call: call.call, story, id, size: 0, answer })
    // A wake is also rejected once only the end can follow.
    if (!answer) story.denied ||= story.opened && call.call !== 'wake'
    else if (call.call === 'wake') story.woken = true
    else story.paused = call.call === 'pause'
  }

  #send(story: Story, id: number, call: Extract<Call, { call: 'send' }>): void {
    const { out, bytes } = this.#world.output.make(call.out, undefined)
    const token = call.token === true ? this.#world.nextToken() : undefined
    // Without `closed` no one knows whether it is still open.
    const known = this.#world.plan.handlers.closed || call.action !== Action.Shutdown
    const action = known && story.followsCalls ? call.action : undefined
    const answer = this.#world.server.send(id, out, token === undefined ? action : { action, token })
    this.#world.output.spoil()
    this.#made({ call: 'send', story, id, size: bytes.length, answer })
    if (answer) {
      story.give(bytes, true, this.#world.now)
      if (token !== undefined && this.#world.plan.handlers.sent) story.tag(token, true)
    } else {
      story.refusedSize = Math.max(story.refusedSize, bytes.length)
      story.denied ||= story.opened && story.followsCalls && !story.outputEnded
    }
    // Output after an End is rejected, also from the same handler.
    if (answer && action === Action.End && story.closing === undefined) story.outputEnded = true
    if (answer || story.open) this.#world.act(story, action)
  }

  #made(call: CallMade): void {
    this.#world.note(
      `server.${call.call}`,
      call.id,
      call.size > 0 ? `${call.size} bytes` : '',
      `=> ${call.answer}`,
    )
    this.#world.ask(rule => rule.called?.(this.#world, call))
    call.story.activeAt = this.#world.now
  }
}
