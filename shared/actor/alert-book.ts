import type { RuleSet } from '#shared/rule-language/rule-set'
import { type AlertRevision, alertContent, alertIdLength, type Decision, type DecisionRevision } from './alert.ts'
import { BookStates } from './book-states.ts'
import { Cooldowns } from './cooldown.ts'
import { decide, reachesAlert, scenarioScores } from './decision.ts'
import { compareEntries, type Entry, keptBy, type ToldAlert } from './entry.ts'
import { HeldMatches } from './held-matches.ts'
import { type ActorRef, type Hit, nothing, type Settlement, staysFound } from './hit.ts'

/** Where revisions go. Within one call of `settle`, in order of event time. */
export interface AlertSink {
  alert(revision: AlertRevision): void
  decision?(revision: DecisionRevision): void
  /** Whether somebody tells the alerts of a rule at this event time under the ids that they have here. Default: this sink does. */
  isTold?(at: number, rule: number): boolean
}

export interface AlertBookOptions {
  readonly ruleSet: RuleSet
  readonly tenant: string
  readonly latenessMs: number
  /** Events come in order: no actor goes back. */
  readonly isSorted: boolean
  readonly sink: AlertSink
  /** SHA-256 of a text's UTF-8 bytes in hex: the platform's is faster than any pure one, and gives the same. */
  readonly sha256Hex: (text: string) => string
  /** The lowest place that the actor can still go back to. */
  readonly oldestPlace: (actor: ActorRef) => number
  /** Time of an actor's newest event. Time alone may have found something later. */
  readonly newestAt: (actor: ActorRef) => number
}

/**
 * What stands: all hits of each event, whatever their keys, and the alerts that follow from them. Hits come and go as actors judge and
 * judge again; `settle` compares what should stand with what was told, and tells the difference.
 *
 * B1 The last revision told of an alert says whether it stands; revisions rise by one from 1. One that nobody
 *    told has revision 0: if it changes once it can be told, it is raised.
 * B2 An entry is kept while an actor with a part in it can still go back to it, or while one of its matches is held back, or was
 *    decided on where the actor can still go back to.
 * B3 What stands is a function of the hits, not of the order in which they came.
 */
export class AlertBook {
  /** To save parts of the book and load them. */
  readonly states: BookStates
  readonly #options: AlertBookOptions
  /** By rule. */
  readonly #alertContents: readonly ((hit: Hit) => string)[]
  readonly #cooldowns: Cooldowns
  readonly #held = new HeldMatches()
  readonly #entries = new Map<string, Entry>()
  #dirty: Entry[] = []

  constructor(options: AlertBookOptions) {
    this.#options = options
    this.#alertContents = options.ruleSet.rules.map((rule) =>
      alertContent(options.tenant, rule, options.ruleSet.events),
    )
    this.#cooldowns = new Cooldowns(options.ruleSet.rules)
    this.states = new BookStates({
      rules: options.ruleSet.rules,
      entries: this.#entries,
      held: this.#held,
      cooldowns: this.#cooldowns,
      join: (entry, actor) => this.#join(entry, actor),
    })
  }

  /** Time of the oldest event with a match that may still be skipped; Infinity where there is none. */
  get oldestHeldAt(): number {
    return this.#held.oldestAt
  }

  /** A rule of a scenario sees the event: it is kept, hit or not. @param isDecided it gets a decision */
  seen(actor: ActorRef, at: number, eventId: string, isDecided: boolean): void {
    const entry = this.#entry(`${at} ${eventId}`, at, eventId)
    if (isDecided) entry.isDecided = true
    this.#join(entry, actor)
  }

  /** Somebody waits for the decision on the event, which was just applied. */
  ask(actor: ActorRef, at: number, eventId: string): void {
    this.seen(actor, at, eventId, true)
  }

  /** Somebody wants the decision on an event of before. @returns false: what was found for it is no longer known, if anything was */
  askAgain(at: number, eventId: string): boolean {
    const entry = this.#entries.get(`${at} ${eventId}`)
    if (entry === undefined) return false
    entry.isDecided = true
    this.#touch(entry)
    return true
  }

  /** The decision that stands on an event, where one was asked for and is still kept. */
  decision(at: number, eventId: string): Decision | undefined {
    return this.#entries.get(`${at} ${eventId}`)?.decision?.decision
  }

  add(hit: Hit): Entry {
    const entry = this.#entryOf(hit)
    if (entry.hits.length === 0) entry.hits = [hit]
    else entry.hits.push(hit)
    this.#join(entry, hit.actor)
    return entry
  }

  addHeld(hit: Hit, number: number): void {
    this.#held.add(hit, number, this.add(hit))
  }

  settleHeld(settlement: Settlement): void {
    const { entry, hit } = this.#held.settle(settlement)
    if (!settlement.stands) entry.hits.splice(entry.hits.indexOf(hit), 1)
    this.#touch(entry)
  }

  /** The actor judges again what lies at this place or later: what it found there no longer counts. */
  rewind(actor: ActorRef, place: number, at: number): void {
    this.states.rewound(actor)
    for (const entry of keptBy(actor)) {
      const kept = entry.hits.filter((hit) => hit.actor !== actor || staysFound(hit, place, at))
      if (kept.length === entry.hits.length) continue
      entry.hits.splice(0, entry.hits.length, ...kept)
      this.#touch(entry)
    }
    for (const { entry, hit } of this.#held.rewind(actor, place, at)) {
      entry.hits.push(hit)
      this.#touch(entry)
    }
  }

  /** Tells what has changed since the last call, and forgets what can no longer change. */
  settle(): void {
    const dirty = this.#dirty
    if (dirty.length === 0) return
    this.#dirty = []
    const changed = this.#cooldowns.isNeeded ? this.#withCooldowns(dirty) : dirty
    if (changed.length > 1) changed.sort(compareEntries)
    const standing = changed.map((entry) => this.#standing(entry))
    this.#handOver(standing)
    for (const one of standing) {
      one.entry.isDirty = false
      this.#tell(one)
      this.states.changed(one.entry)
    }
    // Pruning takes actors out of the list, so it goes backwards.
    let last: ActorRef | undefined
    for (const { actors } of dirty)
      for (let i = actors.length - 1; i >= 0; i--) {
        // One event may change thousands of entries of one actor.
        const actor = actors[i]
        if (actor !== last) this.prune(actor)
        last = actor
      }
  }

  /** Hits of one event come together, so it is mostly the entry that changed last. */
  #entryOf(hit: Hit): Entry {
    if (hit.eventId === undefined) return this.#entry(timedName(hit), hit.at, undefined)
    const last = this.#dirty[this.#dirty.length - 1]
    if (last?.at === hit.at && last.eventId === hit.eventId) return last
    return this.#entry(`${hit.at} ${hit.eventId}`, hit.at, hit.eventId)
  }

  #entry(name: string, at: number, eventId: string | undefined): Entry {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      entry = {
        name,
        at,
        eventId,
        hits: nothing,
        alerts: nothing,
        isDecided: false,
        decision: undefined,
        actors: nothing,
        isDirty: false,
        savedBy: undefined,
      }
      this.#entries.set(name, entry)
    }
    this.#touch(entry)
    return entry
  }

  #touch(entry: Entry): void {
    if (entry.isDirty) return
    entry.isDirty = true
    this.#dirty.push(entry)
  }

  #join(entry: Entry, actor: ActorRef): void {
    if (entry.actors.includes(actor)) return
    if (entry.actors.length === 0) entry.actors = [actor]
    else entry.actors.push(actor)
    const kept = keptBy(actor)
    let i = kept.length
    while (i > 0 && compareEntries(kept[i - 1], entry) > 0) i--
    if (kept.length === 0) actor.kept = [entry]
    else kept.splice(i, 0, entry)
  }

  /** The entries, and those where a cooldown now mutes something else. */
  #withCooldowns(entries: readonly Entry[]): Entry[] {
    const changed = new Set(entries)
    const done = new Set<string>()
    const reaches = (e: Entry, hit: Hit): boolean =>
      reachesAlert(this.#options.ruleSet, hit, scenarioScores(this.#options.ruleSet, e.hits))
    for (const entry of entries) {
      // Besides the present hits, those that were there before: their alerts may have kept others from being raised.
      for (const { actor, rule } of [...entry.hits, ...entry.alerts.map((told) => told.hit)]) {
        const name = `${actor.population} ${rule} ${actor.key}`
        if (!this.#cooldowns.has(rule) || done.has(name)) continue
        done.add(name)
        for (const other of this.#cooldowns.update(actor, rule, keptBy(actor), reaches)) changed.add(other)
      }
    }
    return [...changed]
  }

  #standing(entry: Entry): Standing {
    const { ruleSet } = this.#options
    const scores = scenarioScores(ruleSet, entry.hits)
    const hits = entry.hits.filter((hit) => !hit.isMuted && reachesAlert(ruleSet, hit, scores))
    return { entry, scores, hits, ids: hits.map((hit) => this.#alertId(hit)) }
  }

  /**
   * A match may be completed by another event than before, and is the same alert: it goes over to that event's entry with what was told of it. So the
   * one neither raises it anew nor the other withdraws it; and one that was withdrawn before is raised with its next revision.
   */
  #handOver(standing: readonly Standing[]): void {
    for (const { entry, hits, ids } of standing)
      for (let i = 0; i < hits.length; i++) {
        const { actor, steps } = hits[i]
        if (steps === undefined || entry.alerts.some(({ id }) => id === ids[i])) continue
        for (const other of keptAt(actor, entry.at)) {
          const told = other === entry ? undefined : other.alerts.find(({ id }) => id === ids[i])
          if (told === undefined) continue
          other.alerts = other.alerts.filter((one) => one !== told)
          entry.alerts = [...entry.alerts, told]
          this.states.changed(other)
        }
      }
  }

  #tell({ entry, scores, hits, ids }: Standing): void {
    const { ruleSet, sink } = this.#options
    for (const told of entry.alerts)
      if (told.status !== 'withdrawn' && !ids.includes(told.id)) this.#revise(told, 'withdrawn', told.hit)
    for (let i = 0; i < hits.length; i++) {
      const hit = hits[i]
      const told = entry.alerts.find((alert) => alert.id === ids[i])
      if (told === undefined) this.#raise(entry, ids[i], hit)
      else if (told.status === 'withdrawn') this.#revise(told, 'raised', hit)
      else if (!sayTheSame(told.hit, hit)) this.#revise(told, 'amended', hit)
    }
    if (sink.decision === undefined || entry.eventId === undefined || !entry.isDecided) return
    const inScenarios = ids.filter((_, i) => ruleSet.rules[hits[i].rule].scenario !== undefined)
    this.#decide(entry, entry.eventId, decide(ruleSet, entry.hits, scores, [...new Set(inScenarios)]))
  }

  #raise(entry: Entry, id: string, hit: Hit): void {
    const { sink } = this.#options
    const isTold = sink.isTold?.(entry.at, hit.rule) ?? true
    const told: ToldAlert = { id, revision: isTold ? 1 : 0, status: 'raised', hit }
    // Most entries have one: a list that is made with it has no room for sixteen more, as one that grows to it would.
    if (entry.alerts.length === 0) entry.alerts = [told]
    else entry.alerts.push(told)
    if (isTold) sink.alert({ id, revision: 1, status: 'raised', hit })
  }

  #revise(told: ToldAlert, status: AlertRevision['status'], hit: Hit): void {
    const { sink } = this.#options
    const isNew = told.revision === 0
    told.status = status
    told.hit = hit
    if (isNew && (status === 'withdrawn' || sink.isTold?.(hit.at, hit.rule) === false)) return
    told.revision++
    sink.alert({ id: told.id, revision: told.revision, status: isNew ? 'raised' : status, hit })
  }

  #decide(entry: Entry, eventId: string, decision: Decision): void {
    if (entry.decision !== undefined && areEqual(entry.decision.decision, decision)) return
    const revision = (entry.decision?.revision ?? 0) + 1
    entry.decision = { revision, decision }
    this.#options.sink.decision?.({ eventId, at: entry.at, revision, decision })
  }

  #alertId(hit: Hit): string {
    return this.#options.sha256Hex(this.#alertContents[hit.rule](hit)).slice(0, alertIdLength)
  }

  /** Forgets what lies behind an actor's newest event by the lateness or more: it can no longer change there. Only once all is settled. */
  prune(actor: ActorRef): void {
    const entries = keptBy(actor)
    const { isSorted, latenessMs, newestAt, oldestPlace } = this.#options
    const settledAt = isSorted ? Number.POSITIVE_INFINITY : newestAt(actor) - latenessMs
    // Asked for each entry, and the same for all of them.
    let place = Number.NaN
    const oldest = (): number => {
      if (Number.isNaN(place)) place = oldestPlace(actor)
      return place
    }
    let done = 0
    while (
      done < entries.length &&
      entries[done].at <= settledAt &&
      !this.#held.isNeeded(entries[done], actor, oldest) &&
      !mayMove(entries[done], actor, oldest)
    ) {
      const entry = entries[done++]
      if (this.#cooldowns.isNeeded) this.#cooldowns.leave(actor, entry)
      this.#held.leave(actor, entry)
      entry.actors.splice(entry.actors.indexOf(actor), 1)
      if (entry.actors.length === 0) this.#entries.delete(entry.name)
      this.states.left(actor, entry)
    }
    if (done === entries.length) actor.kept = nothing
    else if (done > 0) entries.splice(0, done)
  }
}

/** What should stand for an entry. */
interface Standing {
  readonly entry: Entry
  readonly scores: ReadonlyMap<number, number>
  /** Those that reach an alert, and the ids of their alerts. */
  readonly hits: readonly Hit[]
  readonly ids: readonly string[]
}

/** What the actor keeps of that time: a match has the time of its last event, whichever event completes it. */
function keptAt(actor: ActorRef, at: number): readonly Entry[] {
  const entries = keptBy(actor)
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle].at < at) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < entries.length && entries[end].at === at) end++
  return entries.slice(low, end)
}

/** Whether a match was completed by an event behind its own time, before which another may still come. */
function mayMove({ hits, alerts }: Entry, actor: ActorRef, oldestPlace: (actor: ActorRef) => number): boolean {
  if (hits.length === 0 && alerts.length === 0) return false
  const may = (hit: Hit): boolean =>
    hit.steps !== undefined && hit.eventId !== undefined && hit.actor === actor && hit.place >= oldestPlace(actor)
  return hits.some(may) || alerts.some(({ hit }) => may(hit))
}

const areEqual = (a: Decision, b: Decision): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

const timedName = (hit: Hit): string =>
  `${hit.at} by time ${hit.rule} ${hit.actor.population} ${JSON.stringify([hit.actor.key, hit.steps])}`

/** Whether two hits of the same events carry the same values. */
function sayTheSame(a: Hit, b: Hit): boolean {
  return (
    a === b ||
    (a.message === b.message && a.at === b.at && a.features.every((value, i) => Object.is(value, b.features[i])))
  )
}
