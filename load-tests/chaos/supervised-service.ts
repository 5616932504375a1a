import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { LiveService } from '../../tests/support/live-service.ts'

interface SupervisedOptions {
  readonly dataDir: string
  readonly rules: string
  readonly flags: readonly string[]
  /** Where a file is made of what each of its processes said. */
  readonly logFolder: string
}

/** `vigil serve`, started again whenever it has ended, as a supervisor does. */
export class SupervisedService {
  /** Ends by a signal of ours. */
  kills = 0
  /** Why it ended by itself after it had listened; and before, while it could not reach what it needs. */
  readonly endings: string[] = []
  readonly refusedStarts: string[] = []
  readonly #options: SupervisedOptions
  #service: LiveService | undefined
  #address: string | undefined
  #awayMs = 0
  #isOver = false
  #supervising: Promise<void> = Promise.resolve()
  #starts = 0

  constructor(options: SupervisedOptions) {
    this.#options = options
  }

  start(): void {
    this.#supervising = this.#supervise()
  }

  /** Where it listens; undefined: it does not now. */
  get address(): string | undefined {
    return this.#address
  }

  get pid(): number | undefined {
    return this.#service?.pid
  }

  /** The process that there is now, listening. Waits for it. */
  async running(): Promise<LiveService> {
    const deadline = performance.now() + patienceMs
    while (this.#address === undefined || this.#service === undefined) {
      if (performance.now() > deadline) throw new Error(`the service did not listen within ${patienceMs / 1_000} s`)
      await setTimeout(50)
    }
    return this.#service
  }

  /** @param awayMs until it is started again */
  async kill(awayMs: number): Promise<void> {
    const service = this.#service
    if (service === undefined) return
    this.#awayMs = awayMs
    this.kills++
    await service.kill()
  }

  async pause(forMs: number): Promise<void> {
    const service = this.#service
    if (service === undefined) return
    signal(service.pid, 'SIGSTOP')
    await setTimeout(forMs)
    signal(service.pid, 'SIGCONT')
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#service?.kill()
    await this.#supervising
  }

  async #supervise(): Promise<void> {
    const { dataDir, rules, flags, logFolder } = this.#options
    while (!this.#isOver && this.#starts < startsMax) {
      this.#starts++
      this.#awayMs = againMs
      const kills = this.kills
      const service = LiveService.start({ dataDir, rules, flags })
      this.#service = service
      const listening = service.address().then(
        (address) => {
          if (this.#service === service) this.#address = address
        },
        // Then it has ended, which is told below.
        () => {},
      )
      const { code, stdout, stderr } = await service.ended
      await listening
      const hasListened = this.#address !== undefined
      this.#address = undefined
      this.#service = undefined
      await appendFile(
        join(logFolder, 'vigil.txt'),
        `--- process ${this.#starts} ended with ${code}\n${stdout}\n${stderr}\n`,
      )
      if (this.kills === kills && !this.#isOver)
        (hasListened ? this.endings : this.refusedStarts).push(`${code}: ${stderr.trim().split('\n').at(-1)}`)
      await setTimeout(this.#awayMs)
    }
  }
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

/** One that cannot start is started again so soon, and no more often than this. */
const againMs = 250
const startsMax = 2_000
const patienceMs = 120_000
