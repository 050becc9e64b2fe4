/** A system call error as Node formats it: `connect ECONNREFUSED tcp4://127.0.0.1:5000`. */
export function systemError(syscall: string, code: string, whom?: unknown): Error {
  const message = whom === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${String(whom)}`
  return Object.assign(new Error(message), { code, syscall })
}
