// How Node runs the `vigil` program: what is set from outside, since a process cannot set it for itself.
import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const mebibyte = 1024 * 1024
/** Below this, Node's own default serves as well; the rest of the memory is for rows outside the heap and the page cache. */
const heapMinMiB = 2048
const heapShare = 0.7

/** The heap's limit: most of what this machine, or its container, has. */
function heapMiB() {
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
  return Math.max(heapMinMiB, Math.floor((heapShare * Math.min(totalmem(), constrained)) / mebibyte))
}

export const nodeFlags = [
  `--max-old-space-size=${heapMiB()}`,
  // A larger heap would also get larger halves for young objects, 100 MB of them: nothing is faster for it.
  '--max-semi-space-size=16',
  // Four threads that compile and collect in the background leave whoever decides no core of two.
  '--v8-pool-size=1',
]

/** Stripping types and compiling take half of the time that a small command takes; Node keeps both by the content of each file. */
const compiled = fileURLToPath(new URL('../../node_modules/.cache/vigil', import.meta.url))

export const nodeEnvironment = {
  NODE_COMPILE_CACHE: compiled,
  // glibc: blocks that threads hand to each other go back to the system when they are freed, else a tenth of the memory lies idle.
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(128 * 1024),
}

/** OpenTelemetry starts before the program, where a variable asks for it; nothing of it is loaded otherwise. */
export function telemetryFlags(environment) {
  const isAsked = Object.keys(environment).some((name) => name.startsWith('OTEL_'))
  return isAsked ? [`--import=${new URL('../telemetry/start.ts', import.meta.url)}`] : []
}
