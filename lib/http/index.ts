export { type Fetch, type FetchEnvironment, type FetchOptions, fetchHandler } from './fetch-handler.js'
export { type FileBody, type FileOptions, file } from './files/file-body.js'
export { files } from './files/files.js'
export type { HttpHandlers, HttpReply, Upgraded } from './handlers.js'
export { type Http, http } from './http.js'
export { HttpError, type HttpErrorOptions } from './http-error.js'
export type { HttpOptions } from './limits.js'
export type {
  AnsweringBody,
  Body,
  HeaderList,
  HttpRequest,
  HttpResponse,
  RequestHeaders,
  SizedBody,
} from './message.js'
