/** The paths of a clone. Files that a test reads or starts are there, and not next to the compiled test. */
export { built, root } from '../benchmarks/paths.js'
