/** Every bound of Vigil, with the reason for its size. Past a bound: a named, counted refusal or back-pressure, never a silent cut. */
export const limits = {
  /** A row of a file or log. A payment message of ISO 20022 stays below 32 KiB; larger rows are mistakes or attacks. */
  rowBytesMax: 64 * 1024,
  /** Levels of nesting of a JSON row. Deeper input serves only to exhaust a stack. */
  jsonDepthMax: 16,
  /** 1970-01-01 to the end of 2199: beyond it, times are mistakes of unit (seconds, microseconds). */
  atMsMin: 0,
  atMsMax: Date.UTC(2200, 0, 1) - 1,
  /** An id is copied into alerts and kept per event within the lateness. A UUID with a prefix has about 50 bytes. */
  idBytesMax: 256,
  /** A key names an actor and is kept for its life. */
  keyBytesMax: 256,
  /** How far behind the newest event of its actor an event may be and still be put in its place. */
  latenessMsDefault: 10 * 60_000,
  /** A longer lateness would keep every account's events, and what was found for them, for weeks. */
  latenessMsMax: 7 * 86_400_000,
  /** Records in one actor's history. Doubling a larger ring would pause the engine for more than 2 ms. */
  recordsPerActorMax: 131_072,
  /** Increments that follow an actor's whole state in a checkpoint: loading it reads so many pieces, and the store keeps so much that is old. */
  appendedStatesMax: 16,
  /** Actors encoded before others have their turn: about a millisecond. */
  savedActorsPerSlice: 500,
  /** Bytes of states that are handed to a checkpoint store at once; a larger commit is staged in parts. */
  commitPartBytesMax: 1_048_576,
  /** Entries of the outbox that are delivered in one transaction of the alert store. */
  offeredEntriesMax: 1_000,
  /** Bytes of them, so that what is read together with their events stays small. */
  offeredBytesMax: 1_048_576,
  /** Alerts and decisions that wait for delivery. Past it nothing more is applied, and in the end new events are refused as overload. */
  outboxEntriesMax: 50_000,
  /** Bytes of them. */
  outboxBytesMax: 67_108_864,
  /** Events of its windows, the newest, that the alert of a condition holds: each is read from the log and stored whole. */
  citedEventsMax: 10,
  /** Events of alerts that are read from the log and stored at once. */
  deliveredEventsMax: 2_000,
  /** Actors that are brought back from the checkpoint store, or leave memory, at once. */
  actorsMovedAtOnceMax: 4_096,
  /** Events in the log that wait to be judged: some seconds of work. Past it new ones are refused as overload. */
  lagEventsMax: 200_000,
  /** Points of when records were appended, judged and committed, for each of the three, over all partitions: 24 bytes each. */
  timePointsMax: 131_072,
  /** Messages that the span of a batch is linked to. */
  linksPerBatchMax: 128,
  /** A bank may ask for a decision as long as a payment may be disputed. */
  decisionsKeptMs: 90 * 86_400_000,
  /** A partition without records for so long is moved on by ticks where an absence waits for time alone. */
  idleMs: 10_000,
  /** Open runs of one pattern for one actor. Past it the pattern opens no more; each refusal is counted and named. */
  runsPerPatternMax: 4_096,
  /** Events that the open runs of one pattern hold for one actor: past it the runs that would take one more end. */
  runEventsPerPatternMax: 262_144,
  /**
   * What one rule may do for one event: about ten milliseconds. Past it the rule is faulted for the event, its runs stay as they were, and
   * the other rules go on. Another size makes a replay of old events find something else.
   */
  operationsPerEventMax: 4_000_000,
  /** What one rule may keep of an account with twenty events in its windows: half a million such accounts fill the largest arena. */
  bytesPerAccountMax: 32 * 1024,
  /** Longest window of a feature or pattern: what it may see must be kept in memory for every account. */
  windowMsMax: 400 * 86_400_000,
  /** Rules in a set: each costs bits in every record. */
  rulesMax: 2_000,
  /** One file of a rule set. A list of 20,000 entries fits; it is parsed in less than two seconds. */
  ruleFileCharactersMax: 1_048_576,
  /** Levels of nesting of a rule file. The deepest that means anything is a group within a group within a step. */
  ruleFileDepthMax: 24,
  /** Mistakes that are listed for one file: nobody mends more in one go, and a file of garbage has one per line. */
  diagnosticsPerFileMax: 200,
  /** Each value that is written without needed quotes is mended and its file is read again: so many characters at most. */
  yamlRepairCharactersMax: 524_288,
  /** A name stands in every alert, in telemetry and in columns of screens. */
  nameCharactersMax: 100,
  /** Fields of all event types: each may become a column of every batch. */
  fieldsMax: 1_000,
  /** Features of a rule, and steps of a pattern with those of its groups: more cannot be read as one sentence. */
  featuresPerRuleMax: 50,
  stepsPerPatternMax: 50,
  /** Nested groups multiply their rounds. Above it, compiling a pattern takes seconds and its automaton megabytes. */
  statesPerPatternMax: 2_000,
  /** Steps that may be left out one after the other multiply the ways through a pattern: above it, compiling one takes seconds. */
  waysPerPatternMax: 20_000,
  /** Upper end of `times`: a pattern becomes a state for each round. */
  timesMax: 1_000,
  /** Texts that people read: title, message, note, reason. */
  proseCharactersMax: 1_000,
  /** Nodes of one expression, and its nesting, so that checking and judging stay short. */
  expressionNodesMax: 1_000,
  expressionDepthMax: 60,
  /** Longest text of an expression: a list of 1,000 codes fits, and no text can keep the scanner busy. */
  expressionCharactersMax: 16_384,
  /** Longest regular expression. Its program and the time per character grow with it. */
  regularExpressionCharactersMax: 1_000,
  /** Steps of its program, each of which may cost once per character: `(\pL{1000})` has 1,004 and takes 9 µs per character. */
  regularExpressionStepsMax: 500,
} as const
