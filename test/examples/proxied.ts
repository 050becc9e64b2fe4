import { readdirSync, readFileSync } from 'node:fs'
import * as net from 'node:net'
import type { Test } from 'tap'
import { ExampleProgram } from './program.js'

export type Transport = 'native' | 'net'

/** The proxy in its own process, in front of a target. */
export class ProxyProgram {
  readonly port: number
  readonly #program: ExampleProgram

  private constructor(program: ExampleProgram, port: number) {
    this.#program = program
    this.port = port
  }

  /** Starts a proxy to a port of this machine; it ends with the test. */
  static async start(t: Test, target: number, transport: Transport = 'native'): Promise<ProxyProgram> {
    const args = ['--listen', 'tcp4://127.0.0.1:0', '--target', `tcp4://127.0.0.1:${target}`]
    const env = transport === 'net' ? { REVIO_NATIVE: '0' } : {}
    const program = new ExampleProgram('proxy', args, env)
    t.teardown(() => program.stop())
    const [, port] = await program.says(/^Listening on tcp4:\/\/127\.0\.0\.1:(\d+), passing on to/)
    return new ProxyProgram(program, Number(port))
  }

  get errors(): string {
    return this.#program.errors
  }

  connect(): net.Socket {
    return net.connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true })
  }

  /** The number of its open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.#program.pid}/fd`).length
  }

  /** Its peak resident memory in bytes. */
  get mostResident(): number {
    const status = readFileSync(`/proc/${this.#program.pid}/status`, 'utf8')
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1]) * 1024
  }
}

/** A server that ends with the test; returns its port. */
export async function listen(t: Test, server: net.Server): Promise<number> {
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  t.teardown(() => server.close())
  return (server.address() as net.AddressInfo).port
}
