import { draw } from './draw.ts'
import type { Faults } from './faults.ts'
import type { VirtualClock } from './virtual-clock.ts'

export type ServerName = 'log' | 'checkpoints' | 'alerts'

/** Who asks: while it stands still its answers wait, and when it is gone they are lost. */
export interface Caller {
  readonly name: string
  readonly isAlive: boolean
  receive(take: () => void): void
}

export interface Request<T> {
  readonly server: ServerName
  readonly what: string
  /** At the server, at once. @returns undefined: it refuses for now, which is as good as no answer */
  run(): T | undefined
}

/**
 * Brings requests to servers and answers back. Who gets no answer in time sends the same again, as `PartitionLoop` does; what was given up
 * may arrive nevertheless, before or after.
 *
 * N1 A caller gets one answer to what it asks, that of its last attempt.
 */
export class VirtualNetwork {
  readonly #seed: number
  readonly #clock: VirtualClock
  readonly #faults: Faults
  readonly #onStep: (text: string) => void
  #messages = 0
  #cuts = 0
  readonly #awayUntil: Record<ServerName, number> = { log: 0, checkpoints: 0, alerts: 0 }

  constructor(options: {
    readonly seed: number
    readonly clock: VirtualClock
    readonly faults: Faults
    readonly onStep: (text: string) => void
  }) {
    this.#seed = options.seed
    this.#clock = options.clock
    this.#faults = options.faults
    this.#onStep = options.onStep
  }

  /** What is on its way does not arrive any more. */
  cut(): void {
    this.#cuts++
  }

  ask<T>(caller: Caller, request: Request<T>, answered: (answer: T) => void): void {
    let attempts = 0
    let isAnswered = false
    const attempt = (): void => {
      if (!caller.isAlive || isAnswered) return
      const number = ++attempts
      this.#send(caller, request, (answer) => {
        if (isAnswered || number !== attempts) return
        isAnswered = true
        answered(answer)
      })
      this.#clock.after(timeoutMs, () => {
        if (number === attempts && !isAnswered) attempt()
      })
    }
    attempt()
  }

  #send<T>(caller: Caller, request: Request<T>, answered: (answer: T) => void): void {
    const where = `${caller.name}: ${request.what}`
    const sent = this.#cuts
    if (this.#happens('lost-request', where) !== undefined) return
    const late = this.#happens('late-request', where)
    if (late !== undefined) {
      this.#clock.after(timeoutMs + late * tooLateMs, () => void this.#arrive(caller, request, sent))
      return
    }
    const repeated = this.#happens('repeated-request', where)
    if (repeated !== undefined) this.#clock.after(repeated * tooLateMs, () => void this.#arrive(caller, request, sent))
    this.#clock.after(this.#latency(), () => {
      const answer = this.#arrive(caller, request, sent)
      if (answer === undefined || this.#happens('lost-answer', where) !== undefined) return
      const delayMs = (this.#happens('delay', where) ?? 0) * 2 * timeoutMs
      this.#clock.after(this.#latency() + delayMs, () => caller.receive(() => answered(answer.value)))
    })
  }

  /** @returns undefined: the server is away */
  #arrive<T>(caller: Caller, { server, what, run }: Request<T>, sent: number): { readonly value: T } | undefined {
    if (sent !== this.#cuts) return undefined
    const { now } = this.#clock
    const away = this.#happens('away', server)
    if (away !== undefined) this.#awayUntil[server] = now + away * awayMs
    if (now < this.#awayUntil[server] && !this.#faults.isHealed) return undefined
    const value = run()
    this.#onStep(`${caller.name}: ${what}${value === undefined ? ', refused' : ''}`)
    return value === undefined ? undefined : { value }
  }

  #happens(kind: Parameters<Faults['happens']>[0], where: string): number | undefined {
    return this.#faults.happens(kind, this.#clock.now, where)
  }

  #latency(): number {
    return 1 + Math.floor(draw(this.#seed, 'latency', this.#messages++) * 6)
  }
}

/** After it an answer is no longer waited for. */
const timeoutMs = 700
/** How much later than that a request may arrive. */
const tooLateMs = 4_000
/** How long a server may be away. */
const awayMs = 5_000
