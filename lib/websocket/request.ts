/** What asks for an upgrade: `opened` gets it as it came. */
export type { HttpRequest as UpgradeRequest } from '../http/message.js'
