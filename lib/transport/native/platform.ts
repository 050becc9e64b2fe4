/**
 * The path of the package's addon for this machine. One addon for each platform and C library serves every version of
 * Node.
 */
export function prebuilt(): string {
  const { platform, arch } = process
  return `${platform}-${arch}/revio.${platform === 'linux' ? `${libc()}.` : ''}node`
}

/** Names this machine, for messages. */
export function system(): string {
  const { platform, arch } = process
  const name = `${platform}-${arch}`
  if (platform !== 'linux') return name
  try {
    return `${name} (${libc()})`
  } catch {
    return name
  }
}

/**
 * The C library of this process: loading an addon for another one may crash. Node's report tells it without reading a
 * file, which may be forbidden.
 */
function libc(): 'glibc' | 'musl' {
  known ??= reportedLibc()
  return known
}

let known: 'glibc' | 'musl' | undefined

function reportedLibc(): 'glibc' | 'musl' {
  // With network information, the report would resolve the peer of each socket by DNS.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const { excludeNetwork } = report
  if (excludeNetwork !== undefined) report.excludeNetwork = true
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}
