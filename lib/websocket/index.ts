export type { Data } from './frame-writer.js'
export type {
  CloseRequest,
  MessageReply,
  MessageSending,
  Messages,
  WebSocketHandlers,
} from './handlers.js'
export type { DeflateOptions, Slow, WebSocketOptions } from './options.js'
export type { Publishing, Upgrade, WebSockets } from './types.js'
export { websocket } from './websocket.js'
