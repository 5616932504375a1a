// A process that keeps servers for the one that started it. Asked by lines of JSON on stdin, it answers on stdout.
//
// K1 It ends when its stdin does, which happens however its parent ends. A signal ends it in the same way.
// K2 When it has ended, so have all servers that it started, and their data is gone.
// K3 A server that cannot be had is a reason in words, given again to all who ask.
import { createInterface } from 'node:readline'
import { ComposedServers } from './composed-servers.ts'
import { MachineServers } from './machine-servers.ts'

interface Ask {
  readonly id: number
  readonly verb: 'start' | 'kill' | 'pause' | 'resume' | 'said'
  readonly name: string
  /** Of `start`: where the server sends its clients, if that is not its own port. */
  readonly toldPort?: number
}

const mayCompose = process.argv[2] !== 'own'
const machine = new MachineServers()
const composed = new ComposedServers()
const urls = new Map<string, Promise<string>>()

async function start(name: string, toldPort?: number): Promise<string> {
  const started = mayCompose ? await composed.start(name) : undefined
  return started ?? (await machine.start(name, toldPort))
}

interface Answer {
  readonly url?: string
  readonly reason?: string
  readonly said?: string
}

async function answer({ verb, name, toldPort }: Ask): Promise<Answer> {
  try {
    if (verb === 'said') return { said: machine.said(name) }
    if (verb === 'pause' || verb === 'resume') {
      machine.pause(name, verb === 'pause')
      return {}
    }
    if (verb === 'kill') {
      await machine.kill(name)
      urls.delete(name)
      return {}
    }
    const url = urls.get(name) ?? start(name, toldPort)
    urls.set(name, url)
    return { url: await url }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

let isClosing = false
async function close(): Promise<void> {
  if (isClosing) return
  isClosing = true
  await Promise.all([machine.close(), composed.close()])
  process.exit(0)
}

const lines = createInterface(process.stdin)
lines.on('line', async (line) => {
  const ask = JSON.parse(line) as Ask
  process.stdout.write(`${JSON.stringify({ id: ask.id, ...(await answer(ask)) })}\n`)
})
lines.on('close', close)
// The parent may be gone while it is answered.
process.stdout.on('error', close)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, close)
