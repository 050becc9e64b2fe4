/** A message and its answer, once on each connection: every buffer that a connection needs has then been made. */
export const messages = {
  echo: { send: 'hello, echo\n', expect: 'hello, echo\n' },
  redis: { send: 'PING\r\n', expect: '+PONG\r\n' },
} as const
