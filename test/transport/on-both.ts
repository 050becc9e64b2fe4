import type { Test } from 'tap'
import { nativeMissing } from './native/missing.js'

/** Runs a test on both transports; skips it, visibly, if one is missing. */
export async function onBoth(
  t: Test,
  name: string,
  run: (t: Test, transport: 'net' | 'native') => Promise<void>,
): Promise<void> {
  const missing = nativeMissing()
  for (const transport of ['net', 'native'] as const) {
    const title = `${name}, on ${transport}`
    if (process.platform !== 'linux') t.pass(title, { skip: 'what is measured here is in /proc' })
    else if (transport === 'native' && missing !== undefined) t.pass(title, { skip: missing })
    else await t.test(title, t => run(t, transport))
  }
}
