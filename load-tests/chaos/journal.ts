import { createWriteStream, type WriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { BankClient } from '../kills/bank-client.ts'
import type { SupervisedService } from './supervised-service.ts'

/** Writes down every second how far all is, and why not further: what one wants to see when a run takes long. */
export class Journal {
  readonly #out: WriteStream
  readonly #service: SupervisedService
  readonly #client: BankClient
  readonly #startedAt = performance.now()
  /** Of the service's process, the most that was seen. */
  memoryBytesMax = 0
  #isOver = false
  #writing: Promise<void> = Promise.resolve()

  constructor(file: string, service: SupervisedService, client: BankClient) {
    this.#out = createWriteStream(file)
    this.#service = service
    this.#client = client
    this.#writing = this.#write()
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#writing
    this.#out.end()
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1)
      this.#out.write(`${seconds} s: ${this.#client.acknowledged} rows acknowledged; ${await this.#state()}\n`)
      await setTimeout(everyMs)
    }
  }

  async #state(): Promise<string> {
    const { address, pid } = this.#service
    if (address === undefined || pid === undefined) return 'it does not listen'
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      // A process that has just ended has none.
      const memoryBytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1_024
      this.memoryBytesMax = Math.max(this.memoryBytesMax, memoryBytes)
      const ask = (path: string): Promise<Response> =>
        fetch(`${address}${path}`, { signal: AbortSignal.timeout(everyMs) })
      const ready = await (await ask('/readyz')).text()
      const metrics = await (await ask('/metrics')).text()
      const lines = metrics
        .split('\n')
        .filter((line) => /^vigil_(partition_lag|checkpoint_lag|outbox_entries)/.test(line))
      return `${Math.round(memoryBytes / 2 ** 20)} MiB, ${ready} ${lines.join(' ')}`
    } catch (error) {
      return `no answer: ${error instanceof Error ? error.message : error}`
    }
  }
}

const everyMs = 1_000
