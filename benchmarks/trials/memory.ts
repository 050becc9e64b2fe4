/** A message and its reply, once on each connection: after that a connection has all its buffers. */
export const messages = {
  echo: { send: 'hello, echo\n', expect: 'hello, echo\n' },
  redis: { send: 'PING\r\n', expect: '+PONG\r\n' },
} as const
