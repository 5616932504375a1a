// What is told to a keeper of servers, from any Node: nothing that needs an installation is imported.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { projectNode } from '../setup.mjs'

export const serverNames = ['nats', 'redis', 'postgres', 'kafka']

/** The environment variable that holds the URL of a server; where it is given, that server is used as it is. */
export const urlVariable = (/** @type {string} */ name) => `VIGIL_TEST_${name.toUpperCase()}_URL`

/**
 * Starts a process that keeps servers. It stops them, and removes their data, when this process closes it or ends, however that happens.
 * @param {{isOwn?: boolean}} options `isOwn`: processes of this machine alone, no given URLs and no containers, so that they can be killed
 */
export function openKeeper({ isOwn = false } = {}) {
  const program = fileURLToPath(new URL('keeper.ts', import.meta.url))
  // In a group of its own: Ctrl-C ends the tests first, and then their servers.
  const child = spawn(projectNode, [program, ...(isOwn ? ['own'] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const exited = once(child, 'exit')
  /** @type {Map<number, (answer: {url?: string, reason?: string}) => void>} */
  const waiting = new Map()
  let asked = 0
  let hasEnded = false
  const over = () => {
    hasEnded = true
    for (const answer of waiting.values()) answer(ended)
    waiting.clear()
  }
  child.on('exit', over)
  child.stdin.on('error', over)
  createInterface(child.stdout).on('line', (line) => {
    const { id, ...answer } = JSON.parse(line)
    waiting.get(id)?.(answer)
    waiting.delete(id)
  })
  const ask = (/** @type {'start' | 'kill'} */ verb, /** @type {string} */ name) => {
    return new Promise((/** @type {(answer: {url?: string, reason?: string}) => void} */ resolve) => {
      if (hasEnded) return resolve(ended)
      const id = asked++
      waiting.set(id, resolve)
      child.stdin.write(`${JSON.stringify({ id, verb, name })}\n`)
    })
  }
  return {
    pid: child.pid,
    /**
     * Starts a server unless it runs; one that was killed comes back at the same place with its data.
     * @returns {Promise<{url?: string, reason?: string}>} `reason`: why it cannot be had, in one line with what to do
     */
    start: (/** @type {string} */ name) => {
      const url = isOwn ? undefined : process.env[urlVariable(name)]
      return url === undefined ? ask('start', name) : Promise.resolve({ url })
    },
    /** As by `kill -9`. For keepers with `isOwn`. */
    kill: async (/** @type {string} */ name) => {
      const { reason } = await ask('kill', name)
      if (reason !== undefined) throw new Error(reason)
    },
    close: async () => {
      child.stdin.end()
      await exited
    },
  }
}

const ended = { reason: 'the process that keeps the servers has ended' }
