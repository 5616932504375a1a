import type { Extremes } from '#shared/features/extremes'
import type { FeatureReader } from '#shared/features/feature-reader'
import type { History } from '#shared/features/history'
import { digestHalf, headHalf } from '#shared/features/layout'
import type { Links } from '#shared/features/links'
import type { PopulationPlan } from '#shared/features/plan-population'
import type { Windows } from '#shared/features/windows'
import { readText, releaseText, storeText } from '#shared/memory/text'
import type { PatternRuns } from './pattern-runs.ts'
import type { Registers } from './registers.ts'
import type { Retention } from './retention.ts'

interface RecordingOptions {
  readonly plan: PopulationPlan
  readonly history: History
  readonly links: Links
  readonly windows: Windows
  readonly extremes: Extremes
  readonly reader: FeatureReader
  readonly registers: Registers
  readonly retention: Retention
  readonly runs: PatternRuns
}

/** Puts records into histories and takes them out again, with all that is derived of them: windows, links, extremes and columns of features. */
export class Recording {
  /** Actors that had to let go of records still inside a window, since their history had reached its bound; by events. */
  truncatedRecords = 0
  readonly #plan: PopulationPlan
  readonly #history: History
  readonly #links: Links
  readonly #windows: Windows
  readonly #extremes: Extremes
  readonly #reader: FeatureReader
  readonly #registers: Registers
  readonly #retention: Retention
  readonly #runs: PatternRuns
  readonly #featureColumns: readonly { column: number; register: number; isText: boolean }[]
  readonly #featureFaults: readonly { fault: number; feature: number }[]

  constructor({ plan, history, links, windows, extremes, reader, registers, retention, runs }: RecordingOptions) {
    this.#plan = plan
    this.#history = history
    this.#links = links
    this.#windows = windows
    this.#extremes = extremes
    this.#reader = reader
    this.#registers = registers
    this.#retention = retention
    this.#runs = runs
    this.#featureFaults = plan.faults.flatMap(({ part, index }, fault) =>
      part === 'feature' ? [{ fault, feature: index }] : [],
    )
    this.#featureColumns = plan.columns.flatMap((column, i) =>
      column.kind === 'feature'
        ? [{ column: i, register: plan.columns.length + column.feature, isText: plan.features[column.feature].isText }]
        : [],
    )
  }

  /** Puts the record in the registers at the head of the history, and reads the features as of this record. */
  append(slot: number, h: number, digest: number): void {
    const history = this.#history
    const { at, R, featuresBase } = this.#registers
    this.#windows.advance(h, at)
    // Before anything is read: a text that is read is that of a record, and must stay with it.
    if (history.isFull(h)) this.#makeRoom(slot, h, at)
    this.#reader.readBefore(h, at, R, featuresBase)
    const position = history.head(h)
    const record = history.record(h, position)
    this.#registers.store(history.arena, history.layout, record)
    const { F, U } = history.arena
    U[record * 2 + digestHalf] = digest
    U[h * 2 + headHalf] = position + 1
    this.#links.link(h)
    this.#windows.enter(h)
    this.#reader.readAfter(h, at, R, featuresBase)
    for (const { fault, feature } of this.#featureFaults)
      this.#registers.setFault(this.#plan, fault, this.#reader.faults.has(feature), history.arena, record)
    for (const { column, register, isText } of this.#featureColumns) {
      // A feature's text belongs to the record it comes from, which may go first: the column gets its own.
      if (isText && R[column] > 0) releaseText(history.arena, R[column])
      R[column] =
        isText && R[register] > 0 ? storeText(history.arena, readText(history.arena, R[register])) : R[register]
      F[record + history.layout.columnsWord + column] = R[column]
    }
  }

  /** Takes out all records from this position on. What they hold is the caller's. */
  takeOutFrom(h: number, position: number): void {
    for (let newest = this.#history.head(h) - 1; newest >= position; newest--) this.#takeOut(h, newest)
    this.#extremes.rewind(h, (cursor) => this.#windows.cursor(h, cursor))
  }

  #takeOut(h: number, position: number): void {
    this.#windows.retreat(h)
    this.#links.unlink(h)
    const { U } = this.#history.arena
    U[h * 2 + headHalf] = position
    const isEmpty = position === this.#history.start(h)
    this.#windows.rewindTime(h, isEmpty ? Number.NEGATIVE_INFINITY : this.#history.at(h, position - 1))
  }

  #makeRoom(slot: number, h: number, at: number): void {
    const history = this.#history
    const keepFrom = this.#retention.keepFrom(h, at)
    const size = history.head(h) - history.start(h)
    while (history.start(h) < keepFrom) this.#dropOldest(h)
    // Dropping a few each time would mean looking each time: the ring grows unless a quarter of it came free.
    if (history.head(h) - history.start(h) <= (size * 3) / 4) return
    if (history.canGrow(h)) history.grow(h)
    else if (history.isFull(h)) {
      this.truncatedRecords++
      this.#runs.forget(slot, h, history.start(h) + 1)
      this.#dropOldest(h)
    }
  }

  #dropOldest(h: number): void {
    this.#windows.depart(h)
    this.#links.depart(h)
    this.#history.dropOldest(h)
  }
}
