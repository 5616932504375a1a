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
  /** @typedef {{url?: string, reason?: string, said?: string}} Answer */
  /** @type {Map<number, (answer: Answer) => void>} */
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
  const ask = (
    /** @type {'start' | 'kill' | 'pause' | 'resume' | 'said'} */ verb,
    /** @type {string} */ name,
    /** @type {number | undefined} */ toldPort = undefined,
  ) => {
    return new Promise((/** @type {(answer: Answer) => void} */ resolve) => {
      if (hasEnded) return resolve(ended)
      const id = asked++
      waiting.set(id, resolve)
      child.stdin.write(`${JSON.stringify({ id, verb, name, toldPort })}\n`)
    })
  }
  const tell = async (/** @type {'kill' | 'pause' | 'resume'} */ verb, /** @type {string} */ name) => {
    const { reason } = await ask(verb, name)
    if (reason !== undefined) throw new Error(reason)
  }
  return {
    pid: child.pid,
    /**
     * Starts a server unless it runs; one that was killed comes back at the same place with its data.
     * @param toldPort where a server that tells its clients its place sends them; by default its own port
     * @returns {Promise<Answer>} `reason`: why it cannot be had, in one line with what to do
     */
    start: (/** @type {string} */ name, /** @type {number | undefined} */ toldPort = undefined) => {
      const url = isOwn ? undefined : process.env[urlVariable(name)]
      return url === undefined ? ask('start', name, toldPort) : Promise.resolve({ url })
    },
    /** As by `kill -9`. This and the following are for keepers with `isOwn`. */
    kill: (/** @type {string} */ name) => tell('kill', name),
    /** It stands still, with all its connections, until it is resumed. */
    pause: (/** @type {string} */ name) => tell('pause', name),
    resume: (/** @type {string} */ name) => tell('resume', name),
    /** The end of what it has written to its log. */
    said: async (/** @type {string} */ name) => (await ask('said', name)).said ?? '',
    close: async () => {
      child.stdin.end()
      await exited
    },
  }
}

const ended = { reason: 'the process that keeps the servers has ended' }
