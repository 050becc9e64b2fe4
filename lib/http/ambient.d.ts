declare module 'undici/lib/llhttp/llhttp_simd-wasm.js' {
  /** llhttp, compiled to WebAssembly. */
  const wasm: import('node:buffer').Buffer
  export = wasm
}

declare module 'undici/lib/llhttp/llhttp-wasm.js' {
  /** llhttp for processors without SIMD. */
  const wasm: import('node:buffer').Buffer
  export = wasm
}
