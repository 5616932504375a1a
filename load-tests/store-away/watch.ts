import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** What the service tells of itself at a moment. */
export interface Sample {
  /** Seconds since the first one. */
  readonly at: number
  readonly rssBytes: number
  readonly heapBytes: number
  readonly outboxEntries: number
  /** Records in the log that were not judged yet. */
  readonly lagRecords: number
  readonly revisions: number
}

/** Looks at the service twice a second until it is told to stop. */
export class Watch {
  readonly samples: Sample[] = []
  /** When and why it got no answer. */
  readonly misses: string[] = []
  readonly #address: string
  readonly #pid: number
  readonly #startedAt = performance.now()
  readonly #stop = new AbortController()

  constructor(address: string, pid: number) {
    this.#address = address
    this.#pid = pid
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const sample = await this.#look()
      if (sample !== undefined) this.samples.push(sample)
      await setTimeout(everyMs, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async #look(): Promise<Sample | undefined> {
    try {
      return await this.#ask()
    } catch (error) {
      this.misses.push(`${this.seconds.toFixed(1)} s: ${error instanceof Error ? (error.cause ?? error) : error}`)
      return undefined
    }
  }

  async #ask(): Promise<Sample> {
    const text = await (await fetch(`${this.#address}/metrics`)).text()
    const metric = (name: string): number => Number(new RegExp(`^${name}(?:{[^}]*})? (.+)$`, 'm').exec(text)?.[1])
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return {
      at: this.seconds,
      rssBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024,
      heapBytes: metric('nodejs_heap_size_used_bytes'),
      outboxEntries: metric('vigil_outbox_entries'),
      lagRecords: metric('vigil_partition_lag_records'),
      revisions: metric('vigil_alert_revisions_total'),
    }
  }

  /** Resolves when all is judged and delivered. */
  async atRest(): Promise<void> {
    for (;;) {
      const sample = await this.#look()
      if (sample !== undefined && sample.outboxEntries + sample.lagRecords === 0) return
      await setTimeout(everyMs)
    }
  }
}

const everyMs = 500
