import type { AlertRevision } from '#shared/actor/alert'
import { Engine } from '#shared/actor/engine'
import { prefetchMax } from '#shared/actor/population'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { type Problem, type ProblemReason, problemReasons } from '#shared/domain/problem'
import { Arena } from '#shared/memory/arena'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { deadLetterLine } from '#shared/wire/dead-letter'
import type { RowBlock } from '#shared/wire/row-block'
import type { Rows } from '#shared/wire/row-reader'
import { sha256Hex } from '../sha256.ts'
import { rowsInOrder } from './event-order.ts'
import { alertRevisions, decisions, features, type Output, standingAlerts } from './outputs.ts'
import { lastPlace, type Place, placeBefore } from './place.ts'
import { isOfShare, type Share } from './share.ts'
import type { Summary } from './summary.ts'

export interface ReplayPart {
  readonly ruleSet: RuleSet
  readonly rows: Pick<Rows, 'blocks'>
  readonly emit: 'alerts' | 'features' | 'decisions'
  readonly order: 'event-time' | 'arrival'
  readonly latenessMs: number
  readonly memoryBytesMax: number
  readonly sink: ReplaySink
}

/** Takes what a replay finds. */
export interface ReplaySink {
  /** In order of places. */
  result(line: string, place: Place): void
  /** In order of places: first rows that are no events, by row. */
  deadLetter(line: string, place: Place): void
  /** Called every few thousand rows; nothing goes on before it resolves. */
  pause(state: ReplayState): Promise<void>
}

/** How far a replay is. */
export interface ReplayState {
  readonly doing: 'reading' | 'judging' | 'replaying'
  /** Rows. */
  readonly done: number
  readonly total: number | undefined
  /** Before this place there will be no more results. */
  readonly resultsBefore: Place
  readonly deadLettersBefore: Place
  /** What comes before this place was looked at. Results may still be missing: they can change as long as a match is held back. */
  readonly seenBefore: Place
}

/**
 * Runs the events of one share through an engine of its own. All rows are read and decoded, as only then it is known whose they are.
 *
 * `inEventOrder` is `read` and `judge`; then, or after `inArrivalOrder`, come `advance` with the time at which all shares have arrived,
 * and `finish`.
 */
export class Replay {
  readonly #options: ReplayPart
  readonly #share: Share
  readonly #engine: Engine
  readonly #output: Output
  readonly #standing: number[]
  readonly #deadLetters = new Map<ProblemReason, number>()
  readonly #batch: EventBatch
  /** Of the event being applied. */
  #row = 0
  #rows = 0
  #events = 0
  #duplicates = 0
  #late = 0

  constructor(options: ReplayPart, share: Share = { index: 0, count: 1 }) {
    this.#options = options
    this.#share = share
    const { ruleSet, order } = options
    this.#output = this.#outputFor(options)
    this.#standing = ruleSet.rules.map(() => 0)
    const { decision, features: onFeatures } = this.#output
    const isSorted = order === 'event-time'
    this.#batch = new EventBatch(ruleSet.events, usedFields(ruleSet), isSorted ? 65_536 : applyRows)
    this.#engine = new Engine({
      ruleSet,
      arena: new Arena(options.memoryBytesMax),
      latenessMs: options.latenessMs,
      isSorted,
      tenant: 'default',
      sha256Hex,
      hashKey: replayHashKey,
      sink: {
        alert: (revision) => this.#alert(revision),
        ...(decision === undefined ? {} : { decision: (revision) => decision(revision) }),
      },
      ...(onFeatures === undefined ? {} : { onFeatures }),
    })
  }

  /** The share's events, once they are read in event order. */
  get batch(): EventBatch {
    return this.#batch
  }

  /** How far time has come. */
  get now(): number {
    return this.#engine.now
  }

  /** Reads everything: only then is it known which event comes next. */
  async read(): Promise<void> {
    for await (const block of this.#options.rows.blocks()) {
      for (const { row, problem } of this.#decode(block, this.#batch))
        this.#bury(problem, row, { ...placeBefore(beforeAllEvents), rank: row })
      await this.#pause('reading', this.#rows, undefined, {
        resultsBefore: placeBefore(beforeAllEvents),
        deadLettersBefore: this.#isFirst
          ? { ...placeBefore(beforeAllEvents), rank: this.#rows + 1 }
          : placeBefore(beforeAllEvents + 1),
        seenBefore: placeBefore(beforeAllEvents + 1),
      })
    }
  }

  /** Applies what was read. */
  async judge(): Promise<void> {
    const batch = this.#batch
    const order = rowsInOrder(batch)
    for (let i = 0; i < batch.length; i++) {
      const row = order === undefined ? i : order[i]
      if (i % prefetchMax === 0) this.#engine.prefetch(batch, order, i)
      this.#apply(batch, row, { at: batch.at[row], id: batch.id[row], rank: batch.row[row], key: '' })
      if (i % applyRows === applyRows - 1) await this.#settle(i + 1, batch.length, this.#placeAfter(row))
    }
    await this.#settle(batch.length, batch.length, lastPlace)
  }

  async inArrivalOrder(): Promise<void> {
    const batch = this.#batch
    for await (const block of this.#options.rows.blocks()) {
      const bad = this.#decode(block, batch)
      let buried = 0
      const buryUpTo = (row: number): void => {
        for (; buried < bad.length && bad[buried].row < row; buried++)
          this.#bury(bad[buried].problem, bad[buried].row, placeBefore(bad[buried].row))
      }
      for (let row = 0; row < batch.length; row++) {
        if (row % prefetchMax === 0) this.#engine.prefetch(batch, undefined, row)
        // In order of rows, wherever the blocks end: the same input gives the same dead letters.
        buryUpTo(batch.row[row])
        this.#apply(batch, row, placeBefore(batch.row[row]))
      }
      buryUpTo(Number.POSITIVE_INFINITY)
      batch.clear()
      await this.#pauseAtRow(placeBefore(this.#rows + 1))
    }
    await this.#pauseAtRow(lastPlace)
  }

  /** All events are applied; time moves on to that of the other shares. */
  async advance(at: number): Promise<void> {
    this.#engine.advance(at)
    await this.#settle(this.#batch.length, this.#batch.length, lastPlace)
  }

  /** What is found now stands. */
  finish(): Summary {
    this.#output.settledBefore(Number.POSITIVE_INFINITY)
    const { rules } = this.#options.ruleSet
    const byRule = (count: (rule: number) => number): Record<string, number> =>
      Object.fromEntries(rules.map(({ name }, i) => [name, count(i)]))
    return {
      rows: this.#rows,
      events: this.#events,
      duplicates: this.#duplicates,
      late: this.#late,
      deadLetters: Object.fromEntries(problemReasons.flatMap((reason) => this.#countOf(reason))),
      alerts: byRule((rule) => this.#standing[rule]),
      faults: byRule((rule) => this.#engine.ruleCounts[rule].faults),
      refused: byRule((rule) => this.#engine.ruleCounts[rule].refused),
      truncated: this.#engine.truncatedRecords,
    }
  }

  /** Rows that are nobody's are those of the first share. */
  get #isFirst(): boolean {
    return this.#share.index === 0
  }

  /** @returns rows that are no events */
  #decode(block: RowBlock, batch: EventBatch): BadRow[] {
    const bad: BadRow[] = []
    const isShared = this.#share.count > 1
    for (let i = 0; i < block.length; i++) {
      const problem = block.decode(i, batch)
      if (problem !== undefined) {
        if (this.#isFirst) bad.push({ row: block.firstRow + i, problem })
      } else if (isShared && !isOfShare(this.#share, batch, batch.length - 1)) batch.drop()
    }
    this.#rows += block.length
    return bad
  }

  #apply(batch: EventBatch, row: number, place: Place): void {
    this.#row = batch.row[row]
    const outcome = this.#engine.apply(batch, row)
    if (outcome === 'applied') this.#events++
    else if (outcome === 'duplicate') this.#duplicates++
    else if (outcome === 'late') this.#late++
    else this.#bury(conflict(batch.id[row]), batch.row[row], place)
  }

  #bury(problem: Problem, row: number, place: Place): void {
    this.#deadLetters.set(problem.reason, (this.#deadLetters.get(problem.reason) ?? 0) + 1)
    this.#options.sink.deadLetter(deadLetterLine(row, problem), place)
  }

  #countOf(reason: ProblemReason): [string, number][] {
    const count = this.#deadLetters.get(reason)
    return count === undefined ? [] : [[reason, count]]
  }

  #alert(revision: AlertRevision): void {
    if (revision.status !== 'amended') this.#standing[revision.hit.rule] += revision.status === 'raised' ? 1 : -1
    this.#output.alert(revision)
  }

  /** Tells what can no longer change. A conflict does not move time, so time it is that counts, not the last row. */
  async #settle(done: number, total: number, seenBefore: Place): Promise<void> {
    const settledAt = Math.min(this.#engine.now, this.#engine.oldestUnsettledAt)
    this.#output.settledBefore(settledAt)
    const resultsBefore = placeBefore(settledAt)
    await this.#pause('judging', done, total, { resultsBefore, deadLettersBefore: seenBefore, seenBefore })
  }

  #pauseAtRow(place: Place): Promise<void> {
    // Alerts are written as they arise; the rest goes by event time, and is known at the end.
    const resultsBefore = this.#options.emit === 'alerts' ? place : placeBefore(beforeAllEvents)
    const places = { resultsBefore, deadLettersBefore: place, seenBefore: place }
    return this.#pause('replaying', this.#rows, undefined, places)
  }

  #pause(
    doing: ReplayState['doing'],
    done: number,
    total: number | undefined,
    places: Pick<ReplayState, 'resultsBefore' | 'deadLettersBefore' | 'seenBefore'>,
  ): Promise<void> {
    return this.#options.sink.pause({ doing, done, total, ...places })
  }

  #placeAfter(row: number): Place {
    const { at, id, row: rows } = this.#batch
    return { at: at[row], id: id[row], rank: rows[row] + 0.5, key: '' }
  }

  #outputFor({ emit, order, ruleSet, sink }: ReplayPart): Output {
    const write = (line: string, place: Place): void => sink.result(line, place)
    const isSorted = order === 'event-time'
    if (emit === 'features') return features(ruleSet, write, isSorted)
    if (emit === 'decisions') return decisions(write, isSorted)
    return isSorted ? standingAlerts(ruleSet, write) : alertRevisions(ruleSet, write, () => this.#row)
  }
}

interface BadRow {
  readonly row: number
  readonly problem: Problem
}

const conflict = (id: string): Problem => ({
  reason: 'duplicate-conflict',
  field: 'id',
  message: `another event with the id ${JSON.stringify(id)} came first and has other content; it stays`,
})

/** No event is before 1970: rows that are no events come first. */
const beforeAllEvents = -1

/** Events between two looks at what can be written. */
const applyRows = 4096

/** A replay has no log that could hold a key of its own. */
const replayHashKey = 0x5eed
