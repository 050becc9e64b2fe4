import t from 'tap'
import { wholeAnswers } from '../../benchmarks/load/http-answers.js'
import { Pattern } from '../../benchmarks/load/pattern.js'
import { cellsOf, figuresIn } from '../../benchmarks/load/redis-benchmark.js'
import * as wrk from '../../benchmarks/load/wrk.js'

const head =
  '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"'

t.test('the figures of redis-benchmark are found by their names', async t => {
  const csv = `${head}\n"SET","100000.00","0.264","0.072","0.263","0.311","0.631","0.951"\n`
  t.same(figuresIn(csv), { requestsPerSecond: 100_000, p50: 0.263, p99: 0.631 })
  t.match(figuresIn(`${csv}"MSET (10 keys)","5.5","1","1","2","1","3","1"\n`), {
    requestsPerSecond: 5.5,
    p99: 3,
  })
  t.match(figuresIn('"test","p50_latency_ms","p99_latency_ms","rps"\n"GET","1","2","3"'), {
    requestsPerSecond: 3,
  })
})

t.test('output of redis-benchmark without figures is an error that shows it', async t => {
  t.throws(() => figuresIn(''), /nothing at all/)
  t.throws(() => figuresIn(head), /printed no figures/)
  t.throws(() => figuresIn('"test","rps"\n"GET","1"'), /no p50_latency_ms/)
})

t.test('CSV cells may hold commas and quotes', async t => {
  t.same(cellsOf('"LRANGE ""my,list"" 0","1.5",2'), ['LRANGE "my,list" 0', '1.5', '2'])
})

t.test('figures of wrk with failed requests are refused', async t => {
  const line = 'JSON {"requests":100,"microseconds":500000,"p50":300,"p99":1200,"errors":0}'
  const figures = { requests: 100, requestsPerSecond: 200, p50: 0.0003, p99: 0.0012 }
  t.same(wrk.figuresIn(`Running 1s test\n${line}\n`), figures)
  t.throws(() => wrk.figuresIn(line.replace('"errors":0', '"errors":3')), /3 of 100 requests failed/)
  t.throws(() => wrk.figuresIn('unable to connect'), /unable to connect/)
})

t.test('whole HTTP answers are counted, and wrong ones named', async t => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  t.equal(wholeAnswers(''), 0)
  t.equal(wholeAnswers(answer.repeat(3)), 3)
  for (let cut = 1; cut < answer.length; cut++)
    t.equal(wholeAnswers(answer + answer.slice(0, cut)), 1, `cut at ${cut}`)
  t.throws(() => wholeAnswers(answer.replace('200', '404')), /404/)
  t.throws(() => wholeAnswers('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), /Length: 0/)
})

t.test('a byte of the pattern that is wrong, missing or moved is seen', async t => {
  const pattern = new Pattern()
  const bytes = Buffer.from(pattern.at(65_000, 4000))
  t.equal(pattern.mismatches(bytes, 65_000), 0, 'over the seam')
  t.ok(pattern.mismatches(bytes, 65_001) > 3000)
  bytes[17] = (bytes[17] ?? 0) ^ 1
  t.equal(pattern.mismatches(bytes, 65_000), 1)
})
