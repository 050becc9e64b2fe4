import { serve } from 'revio'
import { file, type HttpReply, http } from 'revio/http'
import { pageOf, pages, writeSite } from '../site.js'
import { readOptions } from './port.js'

const { port, key, cert } = readOptions()
const root = await writeSite()
const headers = { 'Content-Type': 'text/plain' }
const hello: HttpReply = [{ headers, body: 'hello world\n' }]
const large: HttpReply = [{ headers, body: Buffer.from(pageOf(pages['64k.txt'])) }]

const handlers = http({
  request(_id, { path }) {
    if (path === '/') return hello
    return path === '/64k.txt' ? large : [{ body: file(path, { root }) }]
  },
})
const address = `127.0.0.1:${port}?backlog=4096`
await serve(handlers, key === '' ? `tcp4://${address}` : `tls4://${address}&key=${key}&cert=${cert}`)
