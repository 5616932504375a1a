#!/usr/bin/env node
// The `vigil` command. Runs on any Node from 18: installs if needed, then hands over to the project's own Node, which
// runs TypeScript as it is. Forwards signals and the exit code, so supervisors may start this file directly.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { projectNode, setUp } from '../../scripts/setup.mjs'
import { nodeEnvironment, nodeFlags, telemetryFlags } from './node-process.mjs'

const lookMs = 100
const orderlyMs = 1_500

const setupCode = setUp()
if (setupCode !== 0) process.exit(setupCode)

const program = fileURLToPath(new URL('vigil.ts', import.meta.url))
const child = spawn(projectNode, [...nodeFlags, ...telemetryFlags(process.env), program, ...process.argv.slice(2)], {
  // The channel tells the program when this process is gone, however that happened: it must not live on by itself.
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...nodeEnvironment, ...process.env },
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // Ctrl-C in a terminal reaches the child too; forwarding it would make it look like a second, impatient one.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  })
}
followNpm()

child.on('error', (error) => {
  console.error(`vigil: cannot start ${projectNode}: ${error.message}`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))

/**
 * npm and npx do not pass a signal on: they end, and leave what they started. Whoever ends them means the program: it ends in order, and
 * at once if that takes long. On Linux, where ancestors can be looked up.
 */
function followNpm() {
  const npm = npmAbove(process.ppid)
  if (npm === undefined) return
  const timer = setInterval(() => {
    if (statusOf(npm) !== undefined) return
    clearInterval(timer)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), orderlyMs)
  }, lookMs)
}

/** The npm among the nearest ancestors; there may be a shell between. */
function npmAbove(pid) {
  for (let above = pid, steps = 0; above > 1 && steps < 3; steps++) {
    const status = statusOf(above)
    if (status === undefined) return undefined
    if (status.name.startsWith('npm') || status.name.startsWith('npx')) return above
    above = status.parent
  }
  return undefined
}

/** @returns undefined: there is no such process, or no way to tell; one that has ended and was not waited for is gone, too */
function statusOf(pid) {
  try {
    const [, name, state, parent] = /\((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return state === 'Z' ? undefined : { name, parent: Number(parent) }
  } catch {
    return undefined
  }
}
