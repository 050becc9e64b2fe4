import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key: as text, and as files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** Why certificates can't be made here; undefined if they can. */
export function certificatesMissing(): string | undefined {
  return spawnSync('openssl', ['version']).status === 0
    ? undefined
    : 'openssl is not installed (Debian: openssl)'
}

/** An authority for the lifetime of the process: its certificate, and those that it issues. */
export class Authority implements Certificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'revio-tls-'))
  #made = 0

  constructor(name = 'revio test authority') {
    process.on('exit', () => rmSync(this.#folder, { recursive: true, force: true }))
    this.certFile = join(this.#folder, 'ca.pem')
    this.keyFile = join(this.#folder, 'ca.key')
    openssl('req', '-x509', ...NEW_KEY, this.keyFile, '-out', this.certFile, '-subj', `/CN=${name}`)
    this.cert = readFileSync(this.certFile, 'utf8')
    this.key = readFileSync(this.keyFile, 'utf8')
  }

  /** A certificate for these names: `DNS:localhost`, `IP:127.0.0.1`. */
  issue(...names: string[]): Certificate {
    const stem = join(this.#folder, String(this.#made++))
    const [certFile, keyFile, request, extensions] = ['pem', 'key', 'csr', 'ext'].map(
      end => `${stem}.${end}`,
    ) as [string, string, string, string]
    openssl('req', ...NEW_KEY, keyFile, '-out', request, '-subj', `/CN=${names[0]?.replace(/^\w+:/, '')}`)
    writeFileSync(extensions, `subjectAltName=${names.join(',')}\n`)
    const issuer = ['-CA', this.certFile, '-CAkey', this.keyFile, '-CAcreateserial']
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...issuer,
      '-days',
      '30',
      '-extfile',
      extensions,
      '-out',
      certFile,
    )
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile }
  }

  /** A certificate valid between two dates, in the format of `openssl ca`: `20200101000000Z`. */
  issueBetween(from: string, to: string, name: string): { readonly cert: string; readonly key: string } {
    const stem = join(this.#folder, String(this.#made++))
    const [certFile, keyFile, request] = [`${stem}.pem`, `${stem}.key`, `${stem}.csr`]
    openssl('req', ...NEW_KEY, keyFile, '-out', request, '-subj', `/CN=${name}`)
    const dates = ['-startdate', from, '-enddate', to]
    openssl('ca', ...this.#register([]), '-batch', '-notext', '-in', request, ...dates, '-out', certFile)
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  }

  /** Its revocation list. */
  revoke(...certificates: string[]): string {
    const list = join(this.#folder, `${this.#made++}.crl`)
    openssl('ca', ...this.#register(certificates), '-gencrl', '-crldays', '30', '-out', list)
    return readFileSync(list, 'utf8')
  }

  /** The initial files of `openssl ca`: a register in which these are revoked. */
  #register(revoked: readonly string[]): string[] {
    const stem = join(this.#folder, `register${this.#made++}`)
    const rows = revoked.map(
      cert =>
        `R\t490101000000Z\t200101000000Z\t${new X509Certificate(cert).serialNumber}\tunknown\t/CN=revoked\n`,
    )
    writeFileSync(`${stem}.txt`, rows.join(''))
    const settings = `database=${stem}.txt\nnew_certs_dir=${this.#folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any`
    writeFileSync(stem, `[ca]\ndefault_ca=own\n[own]\n${settings}\n[any]\ncommonName=supplied\n`)
    return ['-config', stem, '-cert', this.certFile, '-keyfile', this.keyFile]
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout']

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

/** Names that reach a server on this machine. */
export const LOCAL = ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1'] as const
