import * as net from 'node:net'

/** An unused port of 127.0.0.1, for what needs a port number. Another process may take it in the meantime. */
export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
