// Builds the addons for Linux that a release contains, into dist/prebuilds/, with Debian's cross compilers, and checks
// what they require of the system that loads them. Needs gcc for x86-64 and for arm64, binutils and apt-get.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sources } from './addon.mjs'
import { root } from './paths.mjs'

/** The C library that Node's own builds require. */
const NEWEST_GLIBC = [2, 28]

const architectures = [
  { arch: 'x64', debian: 'amd64', triple: 'x86_64-linux-gnu' },
  { arch: 'arm64', debian: 'arm64', triple: 'aarch64-linux-gnu' },
]

const scratch = mkdtempSync(join(tmpdir(), 'revio-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const { target_name: name, sources: files, defines, cflags, ldflags } = readTarget()
const headers = join(dirname(dirname(process.execPath)), 'include/node')
if (!existsSync(join(headers, 'node_api.h'))) throw new Error(`Node's headers are not in ${headers}`)

fetchMusl()
for (const { arch, debian, triple } of architectures) {
  const glibc = compile({ arch, triple, libc: 'glibc', flags: [] })
  refuse(glibc, symbolsOf(glibc, triple).filter(isTooNew))

  // The addons use only symbols of the C library, which Node loads: linking no library avoids names that differ
  // between distributions.
  const musl = join(scratch, debian, 'usr')
  const muslTriple = triple.replace('gnu', 'musl')
  const own = run(`${triple}-gcc`, ['-print-file-name=include']).trim()
  const include = [join(musl, 'include', muslTriple), own].flatMap(folder => ['-isystem', folder])
  const addon = compile({ arch, triple, libc: 'musl', flags: ['-nostdinc', ...include, '-nostdlib'] })
  const library = join(scratch, debian, 'lib', muslTriple, 'libc.so')
  const known = new Set(symbolsOf(library, triple, '--defined-only').map(symbol => symbol.name))
  refuse(
    addon,
    symbolsOf(addon, triple).filter(({ name, weak }) => !weak && !known.has(name) && !isOfNode(name)),
  )
}

/** The settings of binding.gyp, from which node-gyp builds the addon without a cross compiler. */
function readTarget() {
  return JSON.parse(readFileSync(join(sources, 'binding.gyp'), 'utf8')).targets[0]
}

function compile({ arch, triple, libc, flags }) {
  const file = join(root, `dist/prebuilds/linux-${arch}/${name}.${libc}.node`)
  mkdirSync(dirname(file), { recursive: true })
  const common = [
    '-O3',
    '-fPIC',
    '-pthread',
    '-shared',
    '-s',
    '-D_FILE_OFFSET_BITS=64',
    '-DBUILDING_NODE_EXTENSION',
  ]
  const args = [
    ...common,
    ...cflags,
    ...ldflags,
    ...defines.map(define => `-D${define}`),
    ...flags,
    `-I${headers}`,
  ]
  run(`${triple}-gcc`, [...args, ...files.map(file => join(sources, file)), '-o', file])
  process.stderr.write(`built ${file}\n`)
  return file
}

/** Downloads musl's headers and library for both architectures, without changing what is installed. */
function fetchMusl() {
  const lists = join(scratch, 'lists')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  const options = [`Dir::State::Lists=${lists}`, 'Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=']
  options.push(
    'APT::Sandbox::User=root',
    ...architectures.map(({ debian }) => `APT::Architectures::=${debian}`),
  )
  const flags = ['-qq', ...options.flatMap(option => ['-o', option])]
  run('apt-get', [...flags, 'update'])
  const packages = architectures.flatMap(({ debian }) => [`musl:${debian}`, `musl-dev:${debian}`])
  run('apt-get', [...flags, 'download', ...packages])
  for (const file of readdirSync(scratch).filter(file => file.endsWith('.deb'))) {
    const [, debian] = /_(\w+)\.deb$/.exec(file)
    run('dpkg', ['-x', file, debian])
  }
}

/** The symbols that a library requires, or with `--defined-only` provides. */
function symbolsOf(file, triple, which = '--undefined-only') {
  const lines = run(`${triple}-nm`, ['-D', '--with-symbol-versions', which, file]).trimEnd().split('\n')
  return lines.map(line => {
    const [, kind, name, version = ''] = / (\w) ([^\s@]+)(?:@+(.*))?$/.exec(line)
    return { name, version, weak: kind === 'w' }
  })
}

function isTooNew({ version }) {
  const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [version, 0, 0]
  return major > NEWEST_GLIBC[0] || (Number(major) === NEWEST_GLIBC[0] && minor > NEWEST_GLIBC[1])
}

/** The symbols that Node provides to the addon. */
function isOfNode(name) {
  return /^(napi|node_api|uv)_/.test(name)
}

function refuse(file, symbols) {
  if (symbols.length === 0) return
  const list = symbols.map(({ name, version }) => `${name}${version && `@${version}`}`).join(', ')
  throw new Error(`${file} needs what may not be where it is loaded: ${list}`)
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: scratch, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
  return stdout
}
