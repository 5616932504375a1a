import type { Decision } from '#shared/actor/alert'
import { prefetchMax } from '#shared/actor/population'
import { homeKey } from '#shared/domain/home-key'
import { appliedRecord } from './applied-record.ts'
import type { Generation, GenerationOptions } from './generation.ts'
import type { Generations } from './generations.ts'
import type { IdleTicks } from './idle-ticks.ts'
import { type LogBlock, type RecordKind, recordKinds } from './log-record.ts'
import type { Judged } from './owner-io.ts'
import { type AppliedRecord, countOutcome, type OwnerCounts, type OwnerOptions } from './owner-options.ts'
import type { Steps } from './owner-steps.ts'
import { bring, decodeRows, latestAt } from './slice.ts'

interface JudgingOptions {
  readonly entries: OwnerOptions['entries']
  readonly latenessMs: number
  readonly generations: Generations
  readonly ticks: IdleTicks
  readonly counts: OwnerCounts
  /** Puts an entry into the outbox. */
  readonly addEntry: (bytes: Uint8Array) => void
}

/** Applies the events of the log to the rule sets in force, and gathers what is told of them: entries of the outbox, and answers for those who wait. */
export class Judging {
  /** For all generations: what they find while a record is applied. */
  readonly tell: GenerationOptions['tell']
  readonly #options: JudgingOptions
  #applying: AppliedRecord = { offset: 0, receivedAt: 0, traceparent: '', eventId: undefined, account: '' }
  #judged: Judged[] = []
  /** The decision told for the event being applied. */
  #decision: Decision | undefined

  constructor(options: JudgingOptions) {
    this.#options = options
    const { entries, counts, addEntry } = options
    this.tell = {
      alert: (revision, { engine, ruleSet }) => {
        counts.alerts++
        addEntry(entries.alert(revision, ruleSet, this.#applying, (hit) => engine.cited(hit)))
      },
      decision: (revision) => {
        this.#decision = revision.decision
        addEntry(entries.decision(revision, this.#applying))
      },
    }
  }

  /** A record of the owner's own is being applied. */
  begin(block: LogBlock, i: number): void {
    this.#applying = appliedRecord(block, i, undefined)
  }

  /** Applies records [from, to), which are events. @param newest in force */
  *apply(newest: Generation, block: LogBlock, from: number, to: number): Steps<void> {
    const { generations, ticks, counts, latenessMs } = this.#options
    const rows = decodeRows(newest, block, from, to)
    this.#applying = appliedRecord(block, from, undefined)
    // Events from before a change of rules are judged by the set of their time, too.
    const older = generations.older.map((generation) => ({
      generation,
      rows: decodeRows(generation, block, from, to, (i) => rows[i] >= 0 && newest.batch.at[rows[i]] <= generation.upTo),
    }))
    const all = [newest, ...older.map(({ generation }) => generation)]
    for (const generation of all) yield* bring(generation, latestAt(generation))
    // From here on in one go: between two steps the state is that after a whole slice.
    for (let i = from; i < to; i++) {
      const row = rows[i - from]
      if (row < 0) {
        counts.undecodable++
        continue
      }
      const kind = recordKinds[block.kinds[i]]
      const isAsked = kind !== 'event'
      const account = isAsked ? homeKey(newest.batch, newest.ruleSet.events, row) : ''
      this.#applying = appliedRecord(block, i, kind === 'ask' ? undefined : newest.batch.id[row], account)
      if ((i - from) % prefetchMax === 0) newest.engine.prefetch(newest.batch, undefined, row)
      const before = newest.engine.now
      this.#decision = undefined
      const outcome = newest.apply(row, isAsked)
      if (newest.engine.now > before) ticks.movedAt = block.receivedAt[i]
      let decision = isAsked && newest.covers(newest.batch.at[row]) ? newest.decision(row) : undefined
      // An older set knows nothing of what came after it, so the newest alone says what is late. A repeat may only be asked about.
      if (outcome === 'applied' || outcome === 'duplicate')
        for (const { generation, rows: olderRows } of older) {
          const olderRow = olderRows[i - from]
          // One that goes leaves its time to the next, also in the middle of a slice.
          const covers = generations.isInForce(generation) && generation.covers(newest.batch.at[row])
          if (olderRow < 0 || !covers) continue
          generation.apply(olderRow, isAsked)
          if (isAsked) decision = generation.decision(olderRow)
        }
      if (isAsked) this.#judge(newest.batch.id[row], { kind, outcome, decision: this.#decision ?? decision })
      if (kind !== 'ask') countOutcome(counts, outcome)
      generations.dropOld(latenessMs)
    }
  }

  /** What became of events whose senders wait, since it was last asked for. */
  takeJudged(): readonly Judged[] {
    if (this.#judged.length === 0) return this.#judged
    const judged = this.#judged
    this.#judged = []
    return judged
  }

  #judge(id: string, { kind, outcome, decision }: Omit<Judged, 'offset' | 'id'> & { readonly kind: RecordKind }): void {
    const { offset } = this.#applying
    const { counts, entries, addEntry } = this.#options
    // Somebody who asks late does not make the event late.
    if (outcome === 'late' && kind === 'decide') {
      counts.lateDecisions++
      addEntry(entries.late(id, this.#applying))
    }
    this.#judged.push({ offset, id, outcome, decision })
  }
}
