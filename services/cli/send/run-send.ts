import { tooLargeProblem } from '#shared/wire/json-row'
import type { RejectedRow } from './answer.ts'
import type { InputPosition } from './batch.ts'
import type { ConnectionPool } from './connection-pool.ts'
import { deliver } from './delivery.ts'
import { type Begun, InFlight } from './in-flight.ts'
import { Pace } from './pace.ts'
import type { ReadBatch } from './read-batches.ts'
import type { RejectedRows } from './rejected-rows.ts'
import type { ResumeFile } from './resume-file.ts'

export interface SendOptions {
  readonly batches: AsyncIterable<ReadBatch>
  /** Where the first batch begins. */
  readonly from: InputPosition
  readonly pool: ConnectionPool
  readonly connections: number
  /** Rows per second; undefined: as fast as answers come. */
  readonly rate: number | undefined
  readonly giveUpAfterMs: number
  readonly rejectedRows: RejectedRows
  readonly resumeFile: ResumeFile | undefined
  /** Stops reading, and waiting to try again; requests that are under way get their answers. */
  readonly signal: AbortSignal
  /** Called when nothing more is read, so that an input that waits for more can be closed. */
  readonly onStop: () => void
  readonly onFailure: (reason: string) => void
  readonly onProgress: (rows: number) => void
}

/** Of this run. rows = accepted + duplicates + rejected. */
export interface SendCounts {
  rows: number
  accepted: number
  duplicates: number
  rejected: number
  retries: number
}

/**
 * Sends all batches, in order where there is one connection.
 * Rejects with SendFailed, InputFailed, InputRefused, NotStarted and OutputFailed, once nothing is under way any more. Whatever happens, the
 * resume file then tells what was acknowledged.
 */
export async function runSend(options: SendOptions, counts: SendCounts): Promise<void> {
  await new Sending(options, counts).run()
}

export const noCounts = (): SendCounts => ({ rows: 0, accepted: 0, duplicates: 0, rejected: 0, retries: 0 })

class Sending {
  readonly #options: SendOptions
  readonly #counts: SendCounts
  readonly #inFlight: InFlight
  /** Ends with the caller's signal, and with the first failure. */
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #failure: { readonly error: unknown } | undefined

  constructor(options: SendOptions, counts: SendCounts) {
    this.#options = options
    this.#counts = counts
    this.#inFlight = new InFlight(options.connections, options.from)
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal])
    this.#signal.addEventListener('abort', options.onStop)
  }

  async run(): Promise<void> {
    // An input that was closed because of a stop has not failed.
    await this.#readAll().catch((error: unknown) => this.#signal.aborted || this.#fail(error))
    while (!this.#inFlight.isEmpty) await this.#inFlight.changed()
    try {
      this.#options.resumeFile?.saveNow(this.#inFlight.acknowledged)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #readAll(): Promise<void> {
    const { batches, from, rate } = this.#options
    const pace = rate === undefined ? undefined : new Pace(rate)
    let before = from
    for await (const read of batches) {
      await pace?.due(before.rows - from.rows, this.#signal)
      while (!this.#inFlight.hasRoom && !this.#signal.aborted) await this.#inFlight.changed()
      if (this.#signal.aborted) return
      const begun = this.#inFlight.begin(read.position)
      this.#send(read, begun).catch((error: unknown) => this.#fail(error))
      before = read.position
    }
  }

  async #send(read: ReadBatch, begun: Begun): Promise<void> {
    let isDone = false
    try {
      isDone = await this.#deliver(read)
    } catch (error) {
      this.#fail(error)
    } finally {
      // Behind `fail`: whoever waits for it then finds the failure, and begins no other batch.
      this.#inFlight.end(begun, isDone)
    }
    this.#options.resumeFile?.save(this.#inFlight.acknowledged)
    this.#options.onProgress(this.#counts.rows)
  }

  /** @returns whether every row has its answer */
  async #deliver({ batch, tooLargeRows }: ReadBatch): Promise<boolean> {
    const { pool, giveUpAfterMs, onFailure } = this.#options
    const delivered = await deliver(batch, {
      post: (body) => pool.post(body),
      giveUpAfterMs,
      signal: this.#signal,
      onFailure: (reason) => {
        this.#counts.retries++
        onFailure(reason)
      },
      random: Math.random,
    })
    if (delivered === undefined) return false
    const rejected = [...delivered.rejected, ...tooLargeRows.map(tooLarge)].sort((a, b) => a.row - b.row)
    this.#options.rejectedRows.add(rejected)
    this.#counts.rows += batch.length + tooLargeRows.length
    this.#counts.accepted += delivered.accepted
    this.#counts.duplicates += delivered.duplicates
    this.#counts.rejected += rejected.length
    return true
  }

  /** The first failure is the one that is told. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#stop.abort()
  }
}

const tooLarge = (row: number): RejectedRow => ({ row, field: undefined, ...tooLargeProblem })
