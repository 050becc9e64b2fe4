/** What the echo bench varies, and what it varies it over. */
export const sizes = [64, 1024, 65_536]
export const connections = [1, 50, 500]
export const inFlight = [1, 16]
