import type { MetricSamples } from '#shared/telemetry/metric-samples'
import type { ServiceLog } from '#shared/telemetry/service-log'

interface WatchedService {
  /** Why it cannot serve now; empty: it is ready. */
  unready(): readonly string[]
  metricSamples(): Promise<MetricSamples>
}

/** Says in the log what changed: whether the service is ready and why not, rules that fail, records that hold no event. */
export class ServiceWatch {
  readonly #service: WatchedService
  readonly #log: ServiceLog
  #timer: NodeJS.Timeout | undefined
  #reasons: string | undefined
  #looks = 0
  #isLooking = false
  /** By name of what is counted: how many there were when it was told last. */
  readonly #told = new Map<string, number>()

  constructor(service: WatchedService, log: ServiceLog) {
    this.#service = service
    this.#log = log
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), lookMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Compares with the look before. */
  look(): void {
    this.#lookAtReadiness()
    if (this.#looks++ % looksPerCount !== 0 || this.#isLooking) return
    this.#isLooking = true
    this.#service
      .metricSamples()
      .then((samples) => this.#lookAtCounts(samples))
      .catch((error: unknown) => this.#log.error('the counts cannot be read', error))
      .finally(() => {
        this.#isLooking = false
      })
  }

  #lookAtReadiness(): void {
    const reasons = this.#service.unready()
    const told = reasons.join('; ')
    if (told === this.#reasons) return
    this.#reasons = told
    if (reasons.length === 0) this.#log.info('ready')
    else this.#log.warn('not ready', { reasons })
  }

  #lookAtCounts({ numbers }: MetricSamples): void {
    for (const { labels, value } of numbers.get('vigil.rule.faults') ?? []) {
      const { rule, reason } = labels
      const count = this.#rise(`${rule} ${reason}`, value)
      if (count > 0) this.#log.warn('a rule fails for events, and raises nothing for them', { rule, reason, count })
    }
    for (const { labels, value } of numbers.get('vigil.dead_letters') ?? []) {
      const { source, reason } = labels
      const count = this.#rise(`${source} ${reason}`, value)
      if (count > 0) this.#log.warn('records hold no event that can be judged', { source, reason, count })
    }
  }

  #rise(name: string, value: number): number {
    const before = this.#told.get(name) ?? 0
    this.#told.set(name, value)
    // Less than before: it was counted anew.
    return value < before ? value : value - before
  }
}

const lookMs = 1_000
/** What goes on is told once a minute. */
const looksPerCount = 60
