import type { AlertStatus, Decision } from './alert.ts'
import type { RecordRows } from './record-rows.ts'

/** Which actor: the index of its population in `EventSchema.keys`, and its key. */
export interface ActorName {
  readonly population: number
  readonly key: string
}

/** All of an actor that cannot be computed again. What windows hold is derived from it. */
export interface ActorState extends ActorName {
  readonly history: HistoryState
  readonly book: BookState
}

export interface HistoryState {
  /** First position that is kept. Rows before it are passed over. */
  readonly start: number
  /** One more than the position of the last row. */
  readonly head: number
  readonly rows: RecordRows
  /** For each feature that reaches back without end: `at` of the newest record that left the history, NaN where none did. */
  readonly departed: readonly number[]
  readonly runs: RunsState
}

export interface RunsState {
  /** By pattern: its open runs, empty where there are none. */
  readonly open: readonly Uint8Array[]
  /** By ascending position. */
  readonly snapshots: readonly RunSnapshotState[]
  /** How far time alone has moved the runs beyond the newest record. */
  readonly movedTo: number | undefined
}

export interface RunSnapshotState {
  /** The first record that the runs have not seen. */
  readonly position: number
  /** By pattern. */
  readonly runs: readonly Uint8Array[]
}

/** The actor's part of the alert book. */
export interface BookState {
  /** In order of events. An entry of several actors is in the part of the first of them only (`entryOwner`). */
  readonly entries: readonly EntryState[]
  /** By rule: time of the last alert of an entry that is no longer kept, for cooldowns. By ascending rule. */
  readonly lastAlerts: readonly { readonly rule: number; readonly at: number }[]
}

export interface EntryState {
  readonly name: string
  readonly at: number
  readonly eventId: string | undefined
  /** Actors that keep the entry, sorted. */
  readonly actors: readonly ActorName[]
  readonly hits: readonly HitState[]
  /** The first so many hits count; the others were told of, or are held and skipped. */
  readonly standing: number
  readonly alerts: readonly {
    readonly id: string
    readonly revision: number
    readonly status: AlertStatus
    /** Index into `hits`. */
    readonly hit: number
  }[]
  readonly held: readonly HeldState[]
  readonly isDecided: boolean
  readonly decision: { readonly revision: number; readonly decision: Decision } | undefined
}

export interface HitState {
  readonly rule: number
  readonly actor: ActorName
  readonly steps: readonly (readonly string[])[] | undefined
  readonly features: readonly (number | string | undefined)[]
  readonly message: string | undefined
  readonly place: number
  readonly isHeld: boolean
  readonly isMuted: boolean
}

/** A match that a skip strategy holds back, or held back until lately. */
export interface HeldState {
  readonly hit: number
  readonly number: number
  readonly settlement: { readonly stands: boolean; readonly place: number } | undefined
}

/** What an actor has beyond what was saved of it last. */
export interface AppendedState extends ActorName {
  /** undefined: nothing new, or the history is not in memory. */
  readonly history: AppendedHistory | undefined
  readonly book: AppendedBook | undefined
}

/** Rows are the new ones alone; runs and departed times are all of them, snapshots the new ones. */
export interface AppendedHistory extends HistoryState {
  /** Of the snapshots saved before, those before this position are dropped. */
  readonly snapshotsFrom: number
}

export interface AppendedBook extends BookState {
  /** Names of entries that are no longer in this part. `entries` holds what is new or changed. */
  readonly removed: readonly string[]
}

/** What a partition keeps beside its actors. */
export interface PartitionState {
  /** How far time has come; −Infinity before the first event. */
  readonly now: number
  /** By rule. */
  readonly ruleCounts: readonly { readonly faults: number; readonly refused: number }[]
  /** By population; 0 where a key has none. */
  readonly truncatedRecords: readonly number[]
}

/** The actor whose part of the book an entry is saved in: its first actor, by population and key. */
export function compareActors(a: ActorName, b: ActorName): number {
  return a.population - b.population || (a.key < b.key ? -1 : Number(a.key > b.key))
}
