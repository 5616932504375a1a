import type { AlertRevision, DecisionRevision } from '#shared/actor/alert'
import type { Hit } from '#shared/actor/hit'
import type { Outcome } from '#shared/actor/outcome'
import type { EventSchema } from '#shared/domain/event-schema'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { RowDecoder } from './generation.ts'
import type { OwnerBounds } from './owner-bounds.ts'

export interface OwnerOptions {
  readonly partition: number
  /** Who claims, for people. */
  readonly name: string
  /**
   * The rule set that is to be in force, without errors; and a key for the hashes of texts should it be new, random for each start: with
   * the name it also tells this owner's commits from those of others.
   */
  readonly ruleFiles: ReadonlyMap<string, string>
  readonly newHashKey: number
  readonly latenessMs: number
  readonly tenant: string
  /** Whether snapshots are kept somewhere: they are asked for where the checkpoint store has nothing. */
  readonly hasSnapshots?: boolean
  /** Bound on the state of actors in memory; a quarter more is reserved for what comes between two checkpoints. */
  readonly memoryBytesMax: number
  readonly sha256Hex: (text: string) => string
  /** Default: `ownerBounds`. */
  readonly bounds?: OwnerBounds
  /** Default: `loadRuleSet`; one that remembers makes starts cheap. @returns undefined: it has errors */
  readonly ruleSetOf?: (files: ReadonlyMap<string, string>) => RuleSet | undefined
  /** As in `EngineOptions`: for metrics alone. */
  readonly clock?: () => number
  readonly decoderOf: (schema: EventSchema) => RowDecoder
  /** Bytes of outbox entries, while a record is being applied. */
  readonly entries: {
    /** @param cited ids of the events that a condition looked at, its own last; of a hit that stands */
    alert(
      revision: AlertRevision,
      ruleSet: RuleSet,
      record: AppliedRecord,
      cited: (hit: Hit) => readonly string[],
    ): Uint8Array
    decision(revision: DecisionRevision, record: AppliedRecord): Uint8Array
    late(eventId: string, record: AppliedRecord): Uint8Array
  }
}

/** A record that is being applied. */
export interface AppliedRecord {
  readonly offset: number
  readonly receivedAt: number
  readonly traceparent: string
  /** Of an event that comes for the first time: its id; undefined for all other records. */
  readonly eventId: string | undefined
  /** Value of the home key of that event, where a decision on it is asked for; otherwise ''. */
  readonly account: string
}

export const noCounts = (): OwnerCounts => ({
  events: 0,
  duplicates: 0,
  conflicts: 0,
  late: 0,
  lateDecisions: 0,
  undecodable: 0,
  alerts: 0,
  commits: 0,
})

/** What was counted since the start, for metrics. */
export interface OwnerCounts {
  events: number
  duplicates: number
  conflicts: number
  late: number
  /** Of these, events whose sender waits for a decision. */
  lateDecisions: number
  undecodable: number
  alerts: number
  commits: number
}

/** Notes what became of an event. */
export function countOutcome(counts: OwnerCounts, outcome: Outcome): void {
  if (outcome === 'applied') counts.events++
  else if (outcome === 'duplicate') counts.duplicates++
  else if (outcome === 'late') counts.late++
  else counts.conflicts++
}
