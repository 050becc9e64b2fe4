/** What is thrown where a dump is not as it must be. */
export class Malformed extends Error {}
