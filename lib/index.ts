export { Action } from './action.js'
export { type Code, RevioError } from './errors.js'
export {
  type AttachOptions,
  type Chunk,
  type Configuration,
  type DialOptions,
  type Endpoint,
  type Events,
  type Handlers,
  type Opening,
  type Out,
  type Posting,
  type Protocol,
  protocol,
  type Reply,
  type Sending,
  type Server,
  type Serving,
  type Tick,
} from './events.js'
export { FileRegion, type FileRegionOptions } from './file-region.js'
export type { Framing, Splitting } from './framing.js'
export type { Address, Info } from './info.js'
export { InputStream } from './input-stream.js'
export { listenFds } from './loop/listen-fds.js'
export { serve } from './loop/serve.js'
export type { Balance, LoopStart, LoopsOptions, LoopsServer, ServingLoops } from './loops/options.js'
export { serveLoops } from './loops/serve-loops.js'
export type { Options } from './options.js'
export type { Stats } from './stats.js'
export type { TlsClientOptions, TlsInfo, TlsOptions, TlsServerOptions, TlsUpgradeOptions } from './tls.js'
export { type Coded, type Coder, type Layer, type Pair, translate } from './translate.js'
