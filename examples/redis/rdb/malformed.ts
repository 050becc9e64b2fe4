/** Thrown for a malformed dump. */
export class Malformed extends Error {}
