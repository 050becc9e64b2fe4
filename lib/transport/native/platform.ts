/** Where the package carries the addon for this machine: one for each platform and C library serves every Node. */
export function prebuilt(): string {
  const { platform, arch } = process
  return `${platform}-${arch}/revio.${platform === 'linux' ? `${libc()}.` : ''}node`
}

/** This machine, for messages. */
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
 * Which C library this process runs on: to load the other one's addon and see what happens can end the process. Node's
 * report says so without reading a file, which may not be allowed.
 */
function libc(): 'glibc' | 'musl' {
  known ??= reportedLibc()
  return known
}

let known: 'glibc' | 'musl' | undefined

function reportedLibc(): 'glibc' | 'musl' {
  // Where the sockets' peers are in the report, each of them is looked up in the DNS.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean }
  const { excludeNetwork } = report
  if (excludeNetwork !== undefined) report.excludeNetwork = true
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } }
  if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork
  return header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
}
