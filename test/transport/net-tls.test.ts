import t from 'tap'
import { tlsContract } from './tls-contract.js'

await tlsContract(t, 'net')
