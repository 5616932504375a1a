import type { RuleFaultReason } from '#shared/domain/rule-fault'

/** What one rule found: for an event, or by time alone. Data; what becomes of it is the alert book's business. */
export interface Hit {
  /** Index into `RuleSet.rules`. */
  readonly rule: number
  readonly actor: ActorRef
  /** Time of the event that completed it; for a trailing absence the instant at which its time had passed. */
  readonly at: number
  /** Id of the event that completed it; undefined: time alone did. */
  readonly eventId: string | undefined
  /** For a pattern: ids by step number, in the order taken. */
  readonly steps: readonly (readonly string[])[] | undefined
  /** By number of the rule's feature: value in memory form, or undefined where absent. */
  readonly features: readonly (number | string | undefined)[]
  readonly message: string | undefined
  /**
   * Where in the actor's history it was found: the position of the record being judged, or half a place before the next one where only
   * time passed. Going back to a place takes back all that was found there or later.
   */
  readonly place: number
  /** The skip strategy holds the match back: it counts until the matcher says otherwise. */
  isHeld: boolean
  /** A cooldown keeps it from raising an alert. */
  isMuted: boolean
}

/** What most actors keep: replaced, never added to. */
export const nothing: never[] = []

/** One actor: the state of one key. Compared by identity. As data it is its name. */
export class ActorRef {
  /** Index into `EventSchema.keys`. */
  readonly population: number
  readonly key: string
  #kept: object[] = nothing

  constructor(population: number, key: string) {
    this.population = population
    this.key = key
  }

  /** The alert book's: entries that the actor keeps, in order of events. See `keptBy`. */
  get kept(): object[] {
    return this.#kept
  }

  set kept(entries: object[]) {
    this.#kept = entries
  }
}

/**
 * What a population tells while it judges. Calls for one event come together; a rewind is told by `rewound` first, then every later
 * event of that actor is judged again.
 */
export interface HitSink {
  /** An actor that keeps entries in the alert book has a new event. */
  cameOn?(actor: ActorRef, at: number): void
  /** A hit of the event being judged. */
  hit(hit: Hit): void
  /** A hit is held under this number until `settled`. */
  held(hit: Hit, number: number): void
  /** A held match is final, or was skipped. `number` is the matcher's, `rule` as in the hit. */
  settled(settlement: Settlement): void
  /**
   * What this actor found at this place or later no longer counts: it is judged again. What time alone made true up to `at`, the time of
   * the event that came out of order, stands.
   */
  rewound(actor: ActorRef, place: number, at: number): void
  /** The rule faulted for the event. @param reason undefined: for a value that could not be computed */
  faulted(rule: number, reason: RuleFaultReason | undefined): void
  /** A bound refused something of a rule: runs, events of a run, held matches. */
  refused(rule: number, what: string, count: number): void
  /**
   * A run ran out of time, which raises nothing; called only where asked for. Told when it is noticed, at the latest with the actor's
   * next event.
   * @param steps ids by step number, in the order taken
   * @param at    the instant at which the limit was reached
   */
  timedOut?(rule: number, actor: ActorRef, steps: readonly (readonly string[])[], at: number): void
  /** A rule of a scenario sees the event being judged; called once for an event and actor, only where asked for. */
  seen?(actor: ActorRef, at: number, id: string): void
  /** Values of a rule's features at an event it sees; called only where asked for. */
  features?(
    rule: number,
    actor: ActorRef,
    at: number,
    id: string,
    values: readonly (number | string | undefined)[],
  ): void
}

/** What became of a held match. */
export interface Settlement {
  readonly actor: ActorRef
  readonly rule: number
  readonly number: number
  readonly stands: boolean
  /** Where in the actor's history it was decided, as in `Hit`. */
  readonly place: number
}

/** Whether a hit still counts when its actor goes back to this place for an event of this time. */
export const staysFound = (hit: Hit, place: number, at: number): boolean =>
  hit.eventId === undefined ? hit.at <= at : hit.place < place
