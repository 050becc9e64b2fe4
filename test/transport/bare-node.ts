/** A command that runs Node without what the test runner preloads into children. */
export function bareNode(...args: string[]): [string, string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', process.execPath, ...args]]
}
