export { Action } from './action.js'
export { type Code, RevioError } from './errors.js'
export type {
  Address,
  Chunk,
  Events,
  Info,
  Opening,
  Options,
  Out,
  Reply,
  Sending,
  Server,
  Tick,
} from './events.js'
export { InputStream } from './input-stream.js'
export { serve } from './loop/serve.js'
export { type Layer, type Pair, translate } from './translate.js'
