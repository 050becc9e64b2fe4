/** One test of redis-benchmark, in the order of its list. */
export interface RedisTest {
  readonly name: string
  /** The argument for redis-benchmark: one of its tests by name, or a command. */
  readonly ask: readonly ['-t', string] | readonly string[]
  /** Commands with their replies, without the last CRLF; sent to an empty keyspace before the measurement. */
  readonly check: readonly (readonly [command: string, reply: string])[]
  /**
   * The test that fills what this one consumes: with the same number of requests (`same`), with twice as many as there
   * are random keys (`keyspace`, which sets six of seven keys), or with a fixed number.
   */
  readonly fill?: { readonly test: string; readonly requests: 'same' | 'keyspace' | number }
}

const pushed = ['RPUSH mylist a b c', ':3'] as const
const list = { test: 'lpush', requests: 1000 } as const

export const tests: readonly RedisTest[] = [
  { name: 'PING_INLINE', ask: ['-t', 'ping_inline'], check: [['PING', '+PONG']] },
  { name: 'PING_MBULK', ask: ['-t', 'ping_mbulk'], check: [['PING', '+PONG']] },
  {
    name: 'SET',
    ask: ['-t', 'set'],
    check: [
      ['SET key:__rand_int__ xxx', '+OK'],
      ['GET key:__rand_int__', '$3\r\nxxx'],
    ],
  },
  {
    name: 'GET',
    ask: ['-t', 'get'],
    fill: { test: 'set', requests: 'keyspace' },
    check: [
      ['GET key:__rand_int__', '$-1'],
      ['SET key:__rand_int__ xxx', '+OK'],
      ['GET key:__rand_int__', '$3\r\nxxx'],
    ],
  },
  {
    name: 'INCR',
    ask: ['-t', 'incr'],
    check: [
      ['INCR counter:__rand_int__', ':1'],
      ['INCR counter:__rand_int__', ':2'],
    ],
  },
  {
    name: 'LPUSH',
    ask: ['-t', 'lpush'],
    check: [
      ['LPUSH mylist a', ':1'],
      ['LPUSH mylist b', ':2'],
      ['LRANGE mylist 0 -1', '*2\r\n$1\r\nb\r\n$1\r\na'],
    ],
  },
  {
    name: 'RPUSH',
    ask: ['-t', 'rpush'],
    check: [pushed, ['LRANGE mylist 0 -1', '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc']],
  },
  {
    name: 'LPOP',
    ask: ['-t', 'lpop'],
    fill: { test: 'lpush', requests: 'same' },
    check: [pushed, ['LPOP mylist', '$1\r\na']],
  },
  {
    name: 'RPOP',
    ask: ['-t', 'rpop'],
    fill: { test: 'lpush', requests: 'same' },
    check: [pushed, ['RPOP mylist', '$1\r\nc']],
  },
  {
    name: 'SADD',
    ask: ['-t', 'sadd'],
    check: [
      ['SADD myset element:__rand_int__', ':1'],
      ['SADD myset element:__rand_int__', ':0'],
    ],
  },
  {
    name: 'HSET',
    ask: ['-t', 'hset'],
    check: [
      ['HSET myhash element:__rand_int__ xxx', ':1'],
      ['HGET myhash element:__rand_int__', '$3\r\nxxx'],
    ],
  },
  {
    name: 'SPOP',
    ask: ['-t', 'spop'],
    fill: { test: 'sadd', requests: 'keyspace' },
    check: [
      ['SADD myset one', ':1'],
      ['SPOP myset', '$3\r\none'],
      ['SPOP myset', '$-1'],
    ],
  },
  {
    name: 'ZADD',
    ask: ['-t', 'zadd'],
    check: [
      ['ZADD myzset 0 element:__rand_int__', ':1'],
      ['ZADD myzset 0 element:__rand_int__', ':0'],
    ],
  },
  {
    name: 'ZPOPMIN',
    ask: ['-t', 'zpopmin'],
    fill: { test: 'zadd', requests: 'keyspace' },
    check: [
      ['ZADD myzset 2 b 1 a', ':2'],
      ['ZPOPMIN myzset', '*2\r\n$1\r\na\r\n$1\r\n1'],
    ],
  },
  ...[100, 300, 500, 600].map(length => ({
    // Filled here, because redis-benchmark would fill the list within the test and count the time.
    name: `LRANGE_${length}`,
    ask: ['LRANGE', 'mylist', '0', String(length - 1)],
    fill: list,
    check: [pushed, ['LRANGE mylist 0 1', '*2\r\n$1\r\na\r\n$1\r\nb']] as const,
  })),
  {
    name: 'MSET (10 keys)',
    ask: ['-t', 'mset'],
    check: [
      ['MSET k1 a k2 b', '+OK'],
      ['GET k2', '$1\r\nb'],
    ],
  },
]

/** The three tests that depend most on I/O and least on the commands. */
export const short = ['PING_MBULK', 'SET', 'GET']
