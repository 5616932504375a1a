/**
 * A match, or a run that ran out of time. One reusable view: valid only inside the sink's method that receives it.
 * Events are listed in the order taken; an event taken by nothing but absences does not appear.
 */
export interface Match {
  /** Number of events. */
  readonly length: number
  /** Step of event `index`, as numbered by `numberedSteps`. */
  step(index: number): number
  /** Position of event `index` in the actor's history. */
  position(index: number): number
  /** Time of the first event in ms. */
  readonly firstAt: number
  /**
   * When it was complete, in ms: the time of the event that completed it, or the instant at which the time of a trailing absence
   * had passed. Of a run that ran out of time: the instant at which the limit was reached.
   */
  readonly at: number
  /** Tells apart the matches that one actor holds back at one time; meaningless otherwise. */
  readonly number: number
  /**
   * The same events in the same steps were a match before: at an earlier event, or an earlier instant. Flink hands such a match out each
   * time, so at every event that a run passes over before a closing `notNext`.
   */
  readonly isFoundAgain: boolean
}

/**
 * What the matcher found, in the order in which Flink would hand it out. The methods must not throw and must not call the matcher.
 */
export interface Sink {
  /** A match that is final at once. */
  matched(match: Match): void
  /** A match that the skip strategy holds back behind an older open run. `stands`, `withdrawn` or `missed` follows. */
  raised(match: Match): void
  /** A match raised before is now final. */
  stands(match: Match): void
  /** A match raised before was skipped by an older one. */
  withdrawn(match: Match): void
  /**
   * The step to skip to is not in this match or is its first event, and the pattern says that this is an error. The match is
   * dropped, nothing is skipped, and the rule counts as faulted.
   * @param wasRaised it was held back, so that `raised` has been called for it
   */
  missed(match: Match, wasRaised: boolean): void
  /** A run that ran out of time, with what it had taken. */
  timedOut?(match: Match): void
  /**
   * A bound refused something, once per call of the matcher and kind.
   * @param what `runs`: runs were not opened; `events`: runs were ended because they held too many events, or events that the
   *             history had to let go; `holding`: matches were reported as final because too many were held back
   */
  refused(what: Refusal, count: number): void
}

export type Refusal = 'runs' | 'events' | 'holding'
