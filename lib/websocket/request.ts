/** The upgrade request, as `opened` receives it. */
export type { HttpRequest as UpgradeRequest } from '../http/message.js'
