import { bench, common } from '../bench.js'
import { requestMetrics } from '../metrics.js'
import { number, some } from '../options.js'
import type { Rival } from '../plan.js'
import { demand, wrk } from '../programs.js'
import { fastify, honoNode, honoRevio, nginxHttp } from '../rivals/http.js'
import { nodeHttp, nodeHttps } from '../rivals/node.js'
import { revioHttp, revioHttpOnNet, revioHttps, revioHttpsOnNet } from '../rivals/revio.js'
import { httpCases, httpTrial } from '../trials/http.js'

const length = common({ rounds: 5, seconds: 1, quick: 1 })
const connections = number('how many connections', 50)

function cases(keys: readonly string[] = httpCases.map(({ key }) => key)) {
  const chosen = httpCases.filter(({ key }) => keys.includes(key))
  return some(
    'which cases',
    chosen.map(({ key }) => key),
  )
}

function servers(rivals: readonly Rival[], fallback?: readonly Rival[]) {
  const names = (from: readonly Rival[]) => from.map(({ name }) => name)
  return some('which servers take part', names(rivals), names(fallback ?? rivals))
}

const chosenOf = (keys: readonly string[]) => httpCases.filter(({ key }) => keys.includes(key))
const conditions = (connections: number) => `wrk with one thread, ${connections} connections`

const rivals = [nodeHttp, revioHttp, nginxHttp, revioHttpOnNet, fastify]

export const http = bench(
  'http',
  'requests of several kinds with wrk: revio, node:http, nginx and others',
  { cases: cases(), connections, servers: servers(rivals), ...length },
  ({ cases, connections, servers, rounds, seconds }) => {
    demand(wrk)
    // fastify serves files only through a plugin.
    const takes = (path: string) => (rival: string) =>
      rival !== fastify.name || !['/4k.txt', '/1m.txt'].includes(path)
    return {
      name: 'http',
      title: 'HTTP',
      conditions: conditions(connections),
      notes: [
        'nginx answers with 64 KiB from a file, the others from memory. Headers that vary: a cookie is another in each request.',
      ],
      rivals: rivals.filter(({ name }) => servers.includes(name)),
      bases: [nodeHttp.name, nginxHttp.name].filter(name => servers.includes(name)),
      trials: chosenOf(cases).map(each => httpTrial(each, { connections, takes: takes(each.path) })),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)

const secureRivals = [nodeHttps, revioHttps, revioHttpsOnNet]

export const https = bench(
  'https',
  'requests over TLS with wrk: revio and node:https',
  {
    cases: cases(['plain', 'pipelined', 'varied', 'body', 'large']),
    connections,
    servers: servers(secureRivals, [nodeHttps, revioHttps]),
    ...length,
  },
  ({ cases, connections, servers, rounds, seconds }) => {
    demand(wrk)
    return {
      name: 'https',
      title: 'HTTP over TLS',
      conditions: conditions(connections),
      rivals: secureRivals.filter(({ name }) => servers.includes(name)),
      bases: [nodeHttps.name],
      trials: chosenOf(cases).map(each => httpTrial(each, { connections, secure: true })),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)

const honoRivals = [honoNode, honoRevio]

export const hono = bench(
  'hono',
  'requests to an application of Hono with wrk: on revio and on @hono/node-server',
  {
    cases: cases(['plain', 'pipelined', 'browser', 'varied']),
    connections,
    servers: servers(honoRivals),
    ...length,
  },
  ({ cases, connections, servers, rounds, seconds }) => {
    demand(wrk)
    return {
      name: 'hono',
      title: 'HTTP with Hono',
      conditions: conditions(connections),
      rivals: honoRivals.filter(({ name }) => servers.includes(name)),
      bases: [honoNode.name],
      trials: chosenOf(cases).map(each => httpTrial(each, { connections })),
      metrics: requestMetrics,
      rounds,
      seconds,
    }
  },
)
