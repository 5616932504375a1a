// `vigil serve` in a process of its own, started as an operator would start it, and ended in any way.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { projectRoot } from '../../scripts/source-tree.ts'
import { nodeEnvironment, nodeFlags, telemetryFlags } from '../../services/cli/node-process.mjs'

export interface LiveOptions {
  readonly dataDir: string
  readonly rules: string
  /** Further ones, as on the command line. */
  readonly flags?: readonly string[]
  /** Beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>
  /** A command that runs the rest of its arguments, as `nsenter -m`. */
  readonly within?: readonly string[]
}

export interface Ended {
  /** null: a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A service that listens on a free port of this machine. */
export class LiveService {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  readonly #stdout: Tail
  readonly #stderr: Tail

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid
    this.#child = child
    this.#stdout = new Tail(child.stdout as Readable)
    this.#stderr = new Tail(child.stderr as Readable)
    this.ended = once(child, 'close').then(([code]) => {
      running.delete(this)
      return { code, stdout: this.#stdout.text, stderr: this.#stderr.text }
    })
  }

  /** Begins to start it. */
  static start({ dataDir, rules, flags = [], environment = {}, within = [] }: LiveOptions): LiveService {
    const before = [process.execPath, ...nodeFlags, ...telemetryFlags(environment)]
    const program = [...before, join(projectRoot, 'services/cli/vigil.ts'), 'serve', '--port', '0']
    const [command, ...args] = [...within, ...program, '--data-dir', dataDir, '--rules', rules, ...flags]
    const child = spawn(command, args, {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...nodeEnvironment, ...process.env, ...environment },
    })
    if (child.pid === undefined) throw new Error(`${command} cannot be started`)
    const service = new LiveService(child, child.pid)
    running.add(service)
    guard(child)
    return service
  }

  /** Starts it and waits until it takes events. */
  static async ready(options: LiveOptions): Promise<LiveService> {
    const service = LiveService.start(options)
    await service.ready()
    return service
  }

  /** `http://127.0.0.1:40123`. Rejects where it ends before it listens. */
  async address(): Promise<string> {
    const address = (): string | undefined => /^ {2}API +(http:\S+)\/v1\/alerts/m.exec(this.#stdout.head)?.[1]
    await this.until('listens', async () => address() !== undefined)
    return address() ?? ''
  }

  async ready(): Promise<void> {
    const address = await this.address()
    await this.until('is ready', async () => (await ask(`${address}/readyz`).catch(noAnswer)).ok)
  }

  /** What `/metrics` tells of partitions, by name: the sum over all of them. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await ask(`${await this.address()}/metrics`)).text()
    const sums = new Map<string, number>()
    for (const [, name, n] of text.matchAll(/^(vigil_\w+)\{partition="\d+"\} (\S+)$/gm))
      sums.set(name, (sums.get(name) ?? 0) + Number(n))
    return sums
  }

  /** All that the log has is judged, and all that was found is delivered and noted as delivered. */
  async atRest(): Promise<void> {
    await this.until('comes to rest', async () => {
      const metrics = await this.metrics()
      return restingMetrics.every((name) => metrics.get(name) === 0)
    })
  }

  /**
   * Looks again and again until the claim holds. Rejects where the process ends, or where it takes longer than any machine needs.
   * @param claim what the service does then, for the message
   */
  async until(claim: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs
    while (!(await holds())) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        const { code, stderr } = await this.ended
        throw new Error(`the service ended with ${code ?? this.#child.signalCode} before it ${claim}: ${stderr}`)
      }
      if (performance.now() > deadline)
        throw new Error(`the service ${claim} not within ${patienceMs / 1000} s: ${this.#stderr.text}`)
      await setTimeout(lookEveryMs)
    }
  }

  /** Ends it as a loss of power would, but for what the operating system still writes. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Tells it to end. */
  terminate(): void {
    this.#child.kill('SIGTERM')
  }

  /** Tells it to end, and waits until it has. Rejects where it takes longer than any machine needs. */
  async stop(): Promise<Ended> {
    this.terminate()
    const ended = await Promise.race([this.ended, setTimeout(patienceMs, undefined, { ref: false })])
    if (ended === undefined) throw new Error(`the service has not ended after ${patienceMs / 1000} s`)
    return ended
  }
}

/** Kills whatever still runs; for the end of a test that may have failed. */
export async function killLiveServices(): Promise<void> {
  await Promise.all([...running].map((service) => service.kill()))
}

const running = new Set<LiveService>()

/** The input of the guard ends with this process, however that ends; then it kills what it guards. */
function guard(child: ChildProcess): void {
  const script = 'read -r line || kill -9 "$1"'
  const stdio = ['pipe', 'ignore', 'ignore'] as const
  const bash = spawn('bash', ['-c', script, 'guard', String(child.pid)], { stdio: [...stdio], detached: true })
  bash.unref()
  const input = bash.stdin
  // Only its sockets can be told not to keep this process alive.
  if (input !== null && 'unref' in input && typeof input.unref === 'function') input.unref()
  child.once('exit', () => input?.end('over\n'))
}

/** The first and the last characters of a stream, so that a service that talks much does not fill memory. */
class Tail {
  head = ''
  #tail = ''

  constructor(stream: Readable) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      if (this.head.length < charactersMax) this.head += chunk
      this.#tail = (this.#tail + chunk).slice(-charactersMax)
    })
  }

  get text(): string {
    return this.#tail
  }
}

const restingMetrics = ['vigil_partition_lag_records', 'vigil_checkpoint_lag_records', 'vigil_outbox_entries']

const ask = (url: string): Promise<Response> => fetch(url, { signal: AbortSignal.timeout(patienceMs) })

const noAnswer = (): { ok: boolean } => ({ ok: false })

const charactersMax = 16_384
const lookEveryMs = 10
const patienceMs = 120_000
