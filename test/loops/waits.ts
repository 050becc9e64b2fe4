/** Waits for a process warning about that. */
export function warned(message: RegExp): Promise<Error> {
  return new Promise(resolve => {
    const listen = (warning: Error) => {
      if (!message.test(warning.message)) return
      process.off('warning', listen)
      resolve(warning)
    }
    process.on('warning', listen)
  })
}

/** Waits until another thread has changed it from this. */
export async function changed(array: Int32Array, index: number, from: number): Promise<void> {
  // Node 20 has it; the types of ES2023 do not.
  const { waitAsync } = Atomics as unknown as {
    waitAsync(array: Int32Array, index: number, value: number): { value: Promise<string> | string }
  }
  await waitAsync(array, index, from).value
}
