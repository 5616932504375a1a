import type { LogBlock } from '#shared/protocol/log-record'
import type { EventTimes } from '#shared/store/alert-store'
import { PassedOffsets } from './passed-offsets.ts'
import { curves, type TimesFile } from './times-file.ts'

interface PartitionTimesOptions {
  readonly partition: number
  readonly pointsMax: number
  readonly clock: () => number
  /** Where they are kept for the next process; undefined: nowhere. */
  readonly file?: TimesFile | undefined
  /** A batch has been judged. Where it is given, batches are held until then. */
  readonly onBatch?: ((block: LogBlock, start: number, end: number) => void) | undefined
}

/**
 * When the records of a partition were appended, judged and committed: what traces and stories of alerts are made of. A few numbers for
 * each batch, request and commit, nothing for an event.
 *
 * P1 One read of the log is out at a time, and the next one comes when all of it is judged: between the two lies the batch.
 */
export class PartitionTimes {
  readonly #options: PartitionTimesOptions
  readonly #appended: PassedOffsets
  readonly #judged: PassedOffsets
  readonly #committed: PassedOffsets
  #savedAt = Number.NEGATIVE_INFINITY
  #isReading = false
  #batch: { readonly block: LogBlock | undefined; readonly start: number } | undefined
  #committing: { readonly position: number; readonly start: number } | undefined

  constructor(options: PartitionTimesOptions) {
    this.#options = options
    const { pointsMax } = options
    this.#appended = new PassedOffsets(pointsMax)
    this.#judged = new PassedOffsets(pointsMax)
    this.#committed = new PassedOffsets(pointsMax)
    const of = { appended: this.#appended, judged: this.#judged, committed: this.#committed }
    options.file?.open((curve, offset, start, end) => of[curve].restore(offset, start, end))
  }

  get partition(): number {
    return this.#options.partition
  }

  /** The log has the record at this offset, since this time. */
  appended(offset: number, at: number): void {
    this.#appended.pass(offset, at, at)
  }

  /** The owner asks for what comes next: all before it is judged. */
  reads(from: number): void {
    this.#isReading = true
    this.#judged.begin(from - 1)
    this.#committed.begin(from - 1)
    const batch = this.#batch
    if (batch === undefined) return
    this.#batch = undefined
    const end = this.#options.clock()
    this.#judged.pass(from - 1, batch.start, end)
    if (batch.block !== undefined) this.#options.onBatch?.(batch.block, batch.start, end)
    this.#save(end)
  }

  /** The owner is given records. Others than those of its next read are for looking back. */
  brings(block: LogBlock): void {
    if (!this.#isReading || block.length === 0) return
    this.#isReading = false
    this.#batch = { block: this.#options.onBatch && block, start: this.#options.clock() }
  }

  /** A commit begins, of what was applied up to a position. */
  commits(position: number): void {
    this.#committing = { position, start: this.#options.clock() }
  }

  /** It has taken effect. */
  committed(): void {
    const committing = this.#committing
    if (committing === undefined) return
    this.#committing = undefined
    const end = this.#options.clock()
    this.#committed.pass(committing.position, committing.start, end)
    // Nothing may follow, and whoever sees that all is committed may end the process at once.
    this.#saveNow()
  }

  /** What is known of the record at an offset. */
  of(offset: number): EventTimes {
    const [judged, committed] = [this.#judged.of(offset), this.#committed.of(offset)]
    return {
      appendedAt: this.#appended.of(offset)?.end,
      judgedFrom: judged?.start,
      judgedAt: judged?.end,
      committedFrom: committed?.start,
      committedAt: committed?.end,
    }
  }

  close(): void {
    this.#saveNow()
    this.#options.file?.close()
  }

  /** What is judged under load is saved at times. */
  #save(now: number): void {
    if (now - this.#savedAt >= saveMs) this.#saveNow()
  }

  #saveNow(): void {
    const { file, clock } = this.#options
    if (file === undefined) return
    this.#savedAt = clock()
    for (const [i, passed] of [this.#appended, this.#judged, this.#committed].entries())
      passed.save((offset, start, end) => file.add(curves[i], offset, start, end))
    file.flush()
  }
}

/** What a process that is killed leaves untold of what it has not committed. */
const saveMs = 20
