/** Where a clone has its things; what a test reads or starts lies there, and not beside the compiled test. */
export { built, root } from '../benchmarks/paths.js'
