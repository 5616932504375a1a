#!/usr/bin/env node
// The `vigil` command. Runs on any Node from 18: installs if needed, then hands over to the project's own Node, which
// runs TypeScript as it is. Forwards signals and the exit code, so supervisors may start this file directly.
import { spawn } from 'node:child_process'
import { constants, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { projectNode, setUp } from '../../scripts/setup.mjs'

const mebibyte = 1024 * 1024
/** Below this, Node's own default serves as well; the rest of the memory is for rows outside the heap and the page cache. */
const heapMinMiB = 2048
const heapShare = 0.7

const setupCode = setUp()
if (setupCode !== 0) process.exit(setupCode)

const program = fileURLToPath(new URL('vigil.ts', import.meta.url))
// Stripping types and compiling take half of the time that a small command takes; Node keeps both by the content of each file.
const compiled = fileURLToPath(new URL('../../node_modules/.cache/vigil', import.meta.url))
// A larger heap would also get larger halves for young objects, 100 MB of them: nothing is faster for it.
const flags = [`--max-old-space-size=${heapMiB()}`, '--max-semi-space-size=16']
const child = spawn(projectNode, [...flags, program, ...process.argv.slice(2)], {
  // The channel tells the program when this process is gone, however that happened: it must not live on by itself.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { NODE_COMPILE_CACHE: compiled, ...process.env },
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches the child too; forwarding it would make it look like a second, impatient one.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  })
}
child.on('error', (error) => {
  console.error(`vigil: cannot start ${projectNode}: ${error.message}`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))

/** The heap's limit: most of what this machine, or its container, has. */
function heapMiB() {
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY
  return Math.max(heapMinMiB, Math.floor((heapShare * Math.min(totalmem(), constrained)) / mebibyte))
}
