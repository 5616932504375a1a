import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { urlVariable } from './keeper-client.mjs'
import { prepareKafka } from './machine-kafka.ts'
import { prepareNats } from './machine-nats.ts'
import { preparePostgres } from './machine-postgres.ts'
import { prepareRedis } from './machine-redis.ts'
import { answers, freePort } from './port.ts'
import type { Prepared } from './prepared-server.ts'
import { descendantsOf } from './process-tree.ts'

interface Kind {
  /**
   * Finds or installs the program, and makes its data.
   * @param folder empty, for all that the server writes
   * @param toldPort where clients are sent to, by a server that tells them
   */
  readonly prepare: (folder: string, port: number, toldPort: number) => Promise<Prepared>
  /** What the machine would need. */
  readonly remedy: string
}

const kinds: Readonly<Record<string, Kind>> = {
  nats: { prepare: prepareNats, remedy: 'nats-server 2.12 or newer on the PATH' },
  redis: { prepare: prepareRedis, remedy: 'valkey-server, or redis-server 7.2 or newer, on the PATH' },
  postgres: { prepare: preparePostgres, remedy: 'PostgreSQL 15 or newer installed' },
  kafka: { prepare: prepareKafka, remedy: 'Java 17 and Maven on the PATH' },
}

interface Running {
  readonly prepared: Prepared
  readonly port: number
  readonly folder: string
  child: ChildProcess | undefined
}

/** Servers as processes of this machine, on loopback. */
export class MachineServers {
  #root: string | undefined
  readonly #running = new Map<string, Running>()
  readonly #starting = new Set<Promise<string>>()
  #isClosing = false

  /**
   * One that was killed comes back with its data. Rejects with what to do, in one line.
   * @param toldPort where a server that tells its clients its place sends them, at its first start; by default its own port
   */
  async start(name: string, toldPort?: number): Promise<string> {
    const kind = kinds[name]
    if (kind === undefined) throw new Error(`there is no server called ${name}`)
    const starting = this.#start(name, kind, toldPort)
    this.#starting.add(starting)
    try {
      return await starting
    } catch (error) {
      const why = error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : String(error)
      const remedy = `set ${urlVariable(name)}, start Docker, or have ${kind.remedy}`
      throw new Error(`${why}; ${remedy}`)
    } finally {
      this.#starting.delete(starting)
    }
  }

  async kill(name: string): Promise<void> {
    const running = this.#running.get(name)
    if (running?.child === undefined) throw new Error(`${name} does not run here`)
    const { child } = running
    running.child = undefined
    signal(child, 'SIGKILL')
    await ended(child)
  }

  /** It and all its processes stand still, or go on. */
  pause(name: string, isPaused: boolean): void {
    const running = this.#running.get(name)
    if (running?.child === undefined) throw new Error(`${name} does not run here`)
    signal(running.child, isPaused ? 'SIGSTOP' : 'SIGCONT')
  }

  /** The end of what it has said so far. */
  said(name: string): string {
    const running = this.#running.get(name)
    return running === undefined ? '' : readFileSync(join(running.folder, 'log.txt'), 'utf8').slice(-saidCharactersMax)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.allSettled(this.#starting)
    await Promise.all([...this.#running.values()].map(stop))
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true })
  }

  async #start(name: string, { prepare }: Kind, toldPort?: number): Promise<string> {
    const before = this.#running.get(name)
    const running = before ?? { ...(await this.#prepare(name, prepare, toldPort)), child: undefined }
    this.#running.set(name, running)
    const { prepared, folder, port } = running
    const log = openSync(join(folder, 'log.txt'), 'a')
    const { command, args, options, greeting } = prepared
    const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log], ...options })
    closeSync(log)
    let failure: Error | undefined
    child.on('error', (error) => {
      failure = error
    })
    running.child = child
    const deadline = Date.now() + readyMsMax
    while (!(await answers(port, greeting))) {
      const hasEnded = failure !== undefined || child.exitCode !== null || child.signalCode !== null
      if (hasEnded || this.#isClosing || Date.now() > deadline) {
        await stop(running)
        const said = readFileSync(join(folder, 'log.txt'), 'utf8').trim().slice(-300)
        throw new Error(`${name} ${hasEnded ? 'ended at its start' : 'did not get ready'}: ${failure?.message ?? said}`)
      }
      await sleep(20)
    }
    return prepared.url
  }

  async #prepare(name: string, prepare: Kind['prepare'], toldPort?: number) {
    if (this.#root === undefined) {
      this.#root = mkdtempSync(join(tmpdir(), 'vigil-servers-'))
      // PostgreSQL runs as another user, and must reach its own folder.
      chmodSync(this.#root, 0o711)
    }
    const folder = join(this.#root, name)
    mkdirSync(folder, { mode: 0o711 })
    const port = await freePort()
    return { folder, port, prepared: await prepare(folder, port, toldPort ?? port) }
  }
}

async function stop(running: Running): Promise<void> {
  const { child, prepared } = running
  running.child = undefined
  if (child?.pid === undefined) return
  child.kill(prepared.endSignal)
  const impatience = setTimeout(() => child.kill('SIGKILL'), orderlyMsMax)
  await ended(child)
  clearTimeout(impatience)
}

/** To all processes of a server: PostgreSQL has one for each connection, which outlives the first of them. */
function signal(child: ChildProcess, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  const pid = child.pid ?? 0
  for (const each of [pid, ...descendantsOf(pid)]) {
    try {
      process.kill(each, name)
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Kafka on a busy machine. */
const readyMsMax = 60_000
/** Their data is removed, so no more than politeness. */
const orderlyMsMax = 4_000
const saidCharactersMax = 200_000
