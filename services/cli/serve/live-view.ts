import type { Service } from '../../detector/service.ts'

/**
 * What a person at the terminal sees: alerts as they come, and a line that says how it goes. Elsewhere stdout ends in files that many may read, and
 * an alert names an account: there alerts of the demo alone are shown, whose bank is invented.
 */
export class LiveView {
  readonly #service: Service
  readonly #stream: NodeJS.WriteStream
  readonly #showsAlerts: boolean
  readonly #abort = new AbortController()
  #cursor = 0
  #isReading = false
  #status = ''
  #events = 0
  #at = Date.now()
  #timer: NodeJS.Timeout | undefined

  constructor(service: Service, stream: NodeJS.WriteStream, isDemo: boolean) {
    this.#service = service
    this.#stream = stream
    this.#showsAlerts = stream.isTTY || isDemo
  }

  /** From now on; alerts of earlier runs are not shown again. */
  async start(): Promise<void> {
    this.#cursor = await this.#service.alerts.lastCursor()
    if (this.#showsAlerts) this.#service.onRevisions(() => void this.#read(), this.#abort.signal)
    this.#timer = setInterval(() => this.#tick(), this.#stream.isTTY ? 1_000 : 10_000)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#abort.abort()
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K')
  }

  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      for (;;) {
        const { revisions, upTo } = await this.#service.alerts.revisions(this.#cursor, allStatuses, pageMax)
        for (const { line } of revisions) this.#print(JSON.parse(line))
        if (upTo <= this.#cursor) return
        this.#cursor = upTo
      }
    } catch {
      // The store is away: the next revision asks again.
    } finally {
      this.#isReading = false
    }
  }

  #print(alert: ShownAlert): void {
    const at = alert.at.slice(0, 16).replace('T', ' ')
    const revised = alert.status === 'raised' ? '' : ` (${alert.status})`
    const severity = alert.severity.padEnd(8)
    const shown = this.#stream.isTTY ? `${colours[alert.severity] ?? ''}${severity}\x1b[0m` : severity
    this.#line(
      `${at}  ${shown}  ${alert.reason ?? alert.rule}  ${alert.by} ${alert.key}: ${alert.message ?? alert.rule}${revised}`,
    )
  }

  #tick(): void {
    const { events, actors, alerts } = this.#service.counts
    const now = Date.now()
    const rate = ((events - this.#events) * 1000) / Math.max(1, now - this.#at)
    this.#events = events
    this.#at = now
    const times = this.#service.decisionTimes
    const ms = (percent: number): string => (times.percentile(percent) / 1e6).toFixed(1)
    const decisions = times.count === 0 ? 'no decisions yet' : `decisions p50 ${ms(50)} ms, p99 ${ms(99)} ms`
    times.reset()
    const n = (count: number): string => Math.round(count).toLocaleString('en')
    this.#status = `${n(rate)} events/s · ${n(actors)} accounts, cards, terminals and devices · ${n(alerts)} alert revisions · ${decisions}`
    if (this.#stream.isTTY) this.#stream.write(`\r\x1b[2K${this.#status}`)
    else this.#stream.write(`${this.#status}\n`)
  }

  #line(text: string): void {
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text}\n${this.#status}` : `${text}\n`)
  }
}

/** The fields of the alert line that are shown. */
interface ShownAlert {
  readonly at: string
  readonly status: string
  readonly severity: string
  readonly rule: string
  readonly reason?: string
  readonly by: string
  readonly key: string
  readonly message?: string
}

const allStatuses = {}
const pageMax = 500

const colours: Readonly<Record<string, string>> = {
  low: '\x1b[36m',
  medium: '\x1b[33m',
  high: '\x1b[35m',
  critical: '\x1b[31m',
}
