import t from 'tap'
import { svg } from '../../benchmarks/svg.js'
import { caption, outcome, plan } from './fixtures/plans.js'

/** Reads XML as far as our pictures use it; throws where it is not well-formed. Answers the elements and their text. */
function elements(xml: string): { name: string; attributes: Map<string, string>; text: string }[] {
  const found: { name: string; attributes: Map<string, string>; text: string }[] = []
  const open: (typeof found)[number][] = []
  let at = 0
  for (const tag of xml.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    characters(xml.slice(at, tag.index), open.at(-1))
    at = tag.index + tag[0].length
    const [, closing, name = '', attributes = '', empty] = tag
    if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`)
      continue
    }
    const pairs = [...attributes.matchAll(/([\w:-]+)="([^"]*)"/g)].map(
      ([, key = '', value = '']) => [key, value] as const,
    )
    if (new Set(pairs.map(([key]) => key)).size < pairs.length)
      throw new Error(`<${name}> repeats an attribute`)
    const element = { name, attributes: new Map(pairs), text: '' }
    found.push(element)
    if (empty !== '/') open.push(element)
  }
  characters(xml.slice(at), open.at(-1))
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is never closed`)
  return found
}

function characters(text: string, into: { text: string } | undefined): void {
  if (/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(text)) throw new Error(`not escaped: ${text}`)
  if (into === undefined && text.trim() !== '') throw new Error(`text outside of all elements: ${text}`)
  if (into !== undefined) into.text += text
}

const all = elements(svg(plan, outcome, caption))

t.test('the reader of this test sees what is not well-formed', async t => {
  for (const wrong of ['<a>', '<a></b>', '<a>&</a>', '<a x="1" x="2"/>', '<a b=c></a>', 'x<a/>']) {
    t.throws(() => elements(wrong), wrong)
  }
})

t.test('the picture is one well-formed SVG document', async t => {
  t.equal(all[0]?.name, 'svg')
  t.equal(all[0]?.attributes.get('xmlns'), 'http://www.w3.org/2000/svg')
  t.equal(all.filter(({ name }) => name === 'svg').length, 1)
})

t.test('every row has a bar and its figure in each of both panels', async t => {
  const figures = all.filter(({ attributes }) => attributes.get('class') === 'figure').map(({ text }) => text)
  t.same(figures.slice(0, 2), ['125 k', '250 k'])
  t.equal(figures.length, outcome.rows.length * 2)
  t.ok(figures.includes('8.00') && figures.includes('4.00'))
})

t.test('bars are as long as their figures say, and stay inside', async t => {
  const width = Number(all[0]?.attributes.get('width'))
  const bars = all.filter(({ name, attributes }) => name === 'rect' && attributes.get('height') === '11')
  const lengths = bars
    .filter(bar => Number(bar.attributes.get('x')) > 100)
    .map(bar => Number(bar.attributes.get('width')))
  const [first = 0, second = 0] = lengths
  t.ok(Math.abs(first / second - 0.5) < 0.01, `${first} of ${second} for 125 k of 250 k`)
  for (const { attributes } of bars)
    t.ok(Number(attributes.get('x')) + Number(attributes.get('width')) < width)
})

t.test('the caption stands in it, and both modes have their colours', async t => {
  const text = all.map(({ text }) => text).join('\n')
  for (const line of [...caption, '50 connections &amp; more']) t.match(text, line)
  t.match(text, /Medians of 3 interleaved rounds/)
  t.match(text, /prefers-color-scheme: dark/)
})

t.test('what has no figure in any panel is not drawn', async t => {
  const samples = [{ other: 1 }]
  const rows = [...outcome.rows, { trial: 'odd', group: 'odd ones', server: 'odd server', samples }]
  t.equal(svg(plan, { ...outcome, rows }, caption), svg(plan, outcome, caption))
})
