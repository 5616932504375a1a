import type { RuleSet } from '#shared/rule-language/rule-set'
import { type AlertRevision, alertId, type Decision, type DecisionRevision } from './alert.ts'
import { Cooldowns } from './cooldown.ts'
import { decide, reachesAlert, scenarioScores } from './decision.ts'
import { compareEntries, type Entry } from './entry.ts'
import { HeldMatches } from './held-matches.ts'
import type { ActorRef, Hit, Settlement } from './hit.ts'

/** Where revisions go. Within one call of `settle`, in order of event time. */
export interface AlertSink {
  alert(revision: AlertRevision): void
  decision?(revision: DecisionRevision): void
}

export interface AlertBookOptions {
  readonly ruleSet: RuleSet
  readonly tenant: string
  readonly latenessMs: number
  /** Events come in order: no actor goes back. */
  readonly isSorted: boolean
  readonly sink: AlertSink
}

/**
 * What stands: all hits of each event, whatever their keys, and the alerts that follow from them. Hits come and go as actors judge and
 * judge again; `settle` compares what should stand with what was told, and tells the difference.
 *
 * B1 The last revision told of an alert says whether it stands; revisions rise by one from 1.
 * B2 An entry is kept while an actor with a part in it can still go back to it, or while one of its matches is held back.
 * B3 What stands is a function of the hits, not of the order in which they came.
 */
export class AlertBook {
  readonly #options: AlertBookOptions
  readonly #keptMs: number
  readonly #cooldowns: Cooldowns
  readonly #held = new HeldMatches()
  readonly #entries = new Map<string, Entry>()
  /** In order of events. */
  readonly #byActor = new Map<ActorRef, Entry[]>()
  readonly #dirty = new Set<Entry>()

  constructor(options: AlertBookOptions) {
    this.#options = options
    this.#keptMs = options.isSorted ? 0 : options.latenessMs
    this.#cooldowns = new Cooldowns(options.ruleSet.rules)
  }

  /** Time of the oldest event with a match that may still be skipped; Infinity where there is none. */
  get oldestHeldAt(): number {
    return this.#held.oldestAt
  }

  /** A rule of a scenario sees the event: it gets a decision, hit or not. */
  seen(actor: ActorRef, at: number, eventId: string): void {
    const entry = this.#entry(`${at} ${eventId}`, at, eventId)
    entry.isDecided = true
    this.#join(entry, actor)
  }

  add(hit: Hit): Entry {
    const name = hit.eventId === undefined ? timedName(hit) : `${hit.at} ${hit.eventId}`
    const entry = this.#entry(name, hit.at, hit.eventId)
    entry.hits.push(hit)
    this.#join(entry, hit.actor)
    return entry
  }

  addHeld(hit: Hit, number: number): void {
    this.#held.add(hit, number, this.add(hit))
  }

  settleHeld(settlement: Settlement): void {
    const { entry, hit } = this.#held.settle(settlement)
    if (!settlement.stands) entry.hits.splice(entry.hits.indexOf(hit), 1)
    this.#dirty.add(entry)
  }

  /** The actor judges again what lies at this place or later: what it found there no longer counts. */
  rewind(actor: ActorRef, place: number): void {
    for (const entry of this.#byActor.get(actor) ?? []) {
      const kept = entry.hits.filter((hit) => hit.actor !== actor || hit.place < place)
      if (kept.length === entry.hits.length) continue
      entry.hits.splice(0, entry.hits.length, ...kept)
      this.#dirty.add(entry)
    }
    for (const { entry, hit } of this.#held.rewind(actor, place)) {
      entry.hits.push(hit)
      this.#dirty.add(entry)
    }
  }

  /** Tells what has changed since the last call, and forgets what can no longer change. */
  settle(): void {
    if (this.#dirty.size === 0) return
    const changed = new Set(this.#dirty)
    for (const entry of this.#dirty) for (const other of this.#updateCooldowns(entry)) changed.add(other)
    const inOrder = changed.size === 1 ? changed : [...changed].sort(compareEntries)
    for (const entry of inOrder) this.#tell(entry)
    const actors = new Set<ActorRef>()
    for (const entry of this.#dirty) for (const actor of entry.actors) actors.add(actor)
    this.#dirty.clear()
    for (const actor of actors) this.#prune(actor)
  }

  #entry(name: string, at: number, eventId: string | undefined): Entry {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      entry = {
        name,
        at,
        eventId,
        hits: [],
        alerts: new Map(),
        isDecided: false,
        decision: undefined,
        actors: new Set(),
        muted: new Set(),
      }
      this.#entries.set(name, entry)
    }
    this.#dirty.add(entry)
    return entry
  }

  #join(entry: Entry, actor: ActorRef): void {
    if (entry.actors.has(actor)) return
    entry.actors.add(actor)
    const entries = this.#byActor.get(actor)
    if (entries === undefined) {
      this.#byActor.set(actor, [entry])
      return
    }
    let i = entries.length
    while (i > 0 && compareEntries(entries[i - 1], entry) > 0) i--
    entries.splice(i, 0, entry)
  }

  #updateCooldowns(entry: Entry): Entry[] {
    const changed: Entry[] = []
    // Besides the present hits, those that were there before: their alerts may have kept others from being raised.
    const hits = [...entry.hits, ...[...entry.alerts.values()].map((told) => told.hit)]
    const done = new Set<string>()
    for (const { actor, rule } of hits) {
      const name = `${actor.population} ${actor.key} ${rule}`
      if (!this.#cooldowns.has(rule) || done.has(name)) continue
      done.add(name)
      const reaches = (e: Entry, hit: Hit): boolean =>
        reachesAlert(this.#options.ruleSet, hit, scenarioScores(this.#options.ruleSet, e.hits))
      changed.push(...this.#cooldowns.update(actor, rule, this.#byActor.get(actor) ?? [], reaches))
    }
    return changed
  }

  #tell(entry: Entry): void {
    const { ruleSet, sink } = this.#options
    const scores = scenarioScores(ruleSet, entry.hits)
    const standing = new Map<string, Hit>()
    for (const hit of entry.hits)
      if (reachesAlert(ruleSet, hit, scores) && !entry.muted.has(hit)) standing.set(this.#alertId(hit), hit)
    for (const [id, told] of entry.alerts)
      if (!standing.has(id) && told.status !== 'withdrawn') this.#revise(entry, id, 'withdrawn', told.hit)
    for (const [id, hit] of standing) {
      const told = entry.alerts.get(id)
      if (told === undefined || told.status === 'withdrawn') this.#revise(entry, id, 'raised', hit)
      else if (!sayTheSame(told.hit, hit)) this.#revise(entry, id, 'amended', hit)
    }
    if (sink.decision !== undefined && entry.eventId !== undefined && entry.isDecided) {
      const inScenarios = [...standing].filter(([, hit]) => ruleSet.rules[hit.rule].scenario !== undefined)
      this.#decide(
        entry,
        entry.eventId,
        decide(
          ruleSet,
          entry.hits,
          scores,
          inScenarios.map(([id]) => id),
        ),
      )
    }
  }

  #revise(entry: Entry, id: string, status: AlertRevision['status'], hit: Hit): void {
    const revision = (entry.alerts.get(id)?.revision ?? 0) + 1
    entry.alerts.set(id, { revision, status, hit })
    this.#options.sink.alert({ id, revision, status, hit })
  }

  #decide(entry: Entry, eventId: string, decision: Decision): void {
    if (entry.decision !== undefined && JSON.stringify(entry.decision.decision) === JSON.stringify(decision)) return
    const revision = (entry.decision?.revision ?? 0) + 1
    entry.decision = { revision, decision }
    this.#options.sink.decision?.({ eventId, at: entry.at, revision, decision })
  }

  #alertId(hit: Hit): string {
    const { ruleSet, tenant } = this.#options
    return alertId(tenant, ruleSet.rules[hit.rule], ruleSet.events, hit)
  }

  /** What lies behind an actor's newest entry by the lateness or more can no longer change there. */
  #prune(actor: ActorRef): void {
    const entries = this.#byActor.get(actor)
    if (entries === undefined) return
    const newestAt = entries[entries.length - 1].at
    let done = 0
    while (
      done < entries.length &&
      entries[done].at <= newestAt - this.#keptMs &&
      !this.#held.isHeld(entries[done], actor)
    ) {
      const entry = entries[done++]
      this.#cooldowns.leave(actor, entry)
      this.#held.leave(actor, entry)
      entry.actors.delete(actor)
      if (entry.actors.size === 0) this.#entries.delete(entry.name)
    }
    if (done === entries.length) this.#byActor.delete(actor)
    else if (done > 0) entries.splice(0, done)
  }
}

const timedName = (hit: Hit): string =>
  `${hit.at} by time ${hit.rule} ${hit.actor.population} ${JSON.stringify([hit.actor.key, hit.steps])}`

/** Whether two hits of the same events carry the same values. */
function sayTheSame(a: Hit, b: Hit): boolean {
  return (
    a === b ||
    (a.message === b.message && a.at === b.at && a.features.every((value, i) => Object.is(value, b.features[i])))
  )
}
