import t from 'tap'
import { nativeMissing } from './native/missing.js'
import { tlsContract } from './tls-contract.js'

const missing = nativeMissing()
if (missing !== undefined) t.pass('native with TLS', { skip: missing })
else await tlsContract(t, 'native')
