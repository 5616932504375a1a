import type { Rule } from '#shared/rule-language/rule-set'
import {
  type ActorName,
  type AppendedBook,
  type BookState,
  compareActors,
  type EntryState,
  type HitState,
} from './actor-state.ts'
import { BadStateError } from './bad-state.ts'
import type { Cooldowns } from './cooldown.ts'
import { type Entry, keptBy } from './entry.ts'
import type { HeldMatches } from './held-matches.ts'
import { type ActorRef, type Hit, nothing } from './hit.ts'

interface BookStatesOptions {
  readonly rules: readonly Rule[]
  readonly entries: Map<string, Entry>
  readonly held: HeldMatches
  readonly cooldowns: Cooldowns
  readonly join: (entry: Entry, actor: ActorRef) => void
}

/**
 * The alert book by actor as data, and back; and what changed in each part since it was saved.
 *
 * S3 An entry is in the part of one actor: the first of those that keep it. So it is written once, and is there once after loading.
 * S4 Hits are saved by identity: one that stands, was told of and is held is one object after loading, too.
 */
export class BookStates {
  readonly #options: BookStatesOptions
  /** By actor: names of entries that came, changed or went. undefined: nobody asks. */
  #changes: Map<ActorRef, Set<string>> | undefined

  constructor(options: BookStatesOptions) {
    this.#options = options
  }

  track(): void {
    this.#changes ??= new Map()
  }

  /** Something of the entry, or of who keeps it, has changed. */
  changed(entry: Entry): void {
    if (this.#changes === undefined) return
    const owner = entry.actors.length === 0 ? undefined : ownerOf(entry)
    if (owner !== undefined) this.#mark(owner, entry.name)
    if (entry.savedBy !== undefined && entry.savedBy !== owner) this.#mark(entry.savedBy, entry.name)
  }

  /** An actor keeps the entry no longer. */
  left(actor: ActorRef, entry: Entry): void {
    this.changed(entry)
    if (this.#options.cooldowns.isNeeded) this.#changesOf(actor)
  }

  /** Matches of an actor may be held again, or forgotten. */
  rewound(actor: ActorRef): void {
    if (this.#changes !== undefined) for (const { entry } of this.#options.held.of(actor)) this.changed(entry)
  }

  changedActors(): readonly ActorRef[] {
    return [...(this.#changes?.keys() ?? [])]
  }

  isChanged(actor: ActorRef): boolean {
    return this.#changes?.has(actor) ?? false
  }

  /** Whether the book has anything of the actor. */
  knows(actor: ActorRef): boolean {
    return keptBy(actor).length > 0 || this.#options.cooldowns.of(actor).length > 0
  }

  save(actor: ActorRef): BookState {
    this.#changes?.delete(actor)
    const own = keptBy(actor).filter((entry) => ownerOf(entry) === actor)
    return { entries: own.map((entry) => this.#saveEntry(entry, actor)), lastAlerts: this.#options.cooldowns.of(actor) }
  }

  saveAppended(actor: ActorRef): AppendedBook | undefined {
    const names = this.#changes?.get(actor)
    if (names === undefined) return undefined
    this.#changes?.delete(actor)
    const entries: EntryState[] = []
    const removed: string[] = []
    for (const name of names) {
      const entry = this.#options.entries.get(name)
      if (entry !== undefined && ownerOf(entry) === actor) entries.push(this.#saveEntry(entry, actor))
      else removed.push(name)
    }
    return { entries, removed, lastAlerts: this.#options.cooldowns.of(actor) }
  }

  /** Throws BadStateError, and the book is as it was. */
  load(actor: ActorRef, state: BookState, refOf: (name: ActorName) => ActorRef): void {
    const { cooldowns } = this.#options
    for (const entry of state.entries) this.#check(entry)
    for (const { rule } of state.lastAlerts) this.#checkRule(rule)
    for (const entry of state.entries) this.#loadEntry(actor, entry, refOf)
    cooldowns.load(actor, state.lastAlerts)
  }

  /** The actor leaves memory; nobody else keeps its entries. */
  release(actor: ActorRef): void {
    const { entries, held, cooldowns } = this.#options
    for (const { name } of keptBy(actor)) entries.delete(name)
    actor.kept = nothing
    held.release(actor)
    cooldowns.load(actor, [])
  }

  #saveEntry(entry: Entry, owner: ActorRef): EntryState {
    entry.savedBy = owner
    const { name, at, eventId, isDecided, decision } = entry
    const actors = entry.actors.length === 1 ? entry.actors : [...entry.actors].sort(compareActors)
    const hits: Hit[] = [...entry.hits]
    const indexOf = (hit: Hit): number => {
      const index = hits.indexOf(hit)
      return index >= 0 ? index : hits.push(hit) - 1
    }
    const alerts = entry.alerts.map(({ id, revision, status, hit }) => ({ id, revision, status, hit: indexOf(hit) }))
    const held = actors.flatMap((actor) =>
      this.#options.held
        .of(actor)
        .filter((match) => match.entry === entry)
        .map(({ hit, number, settlement }) => ({ hit: indexOf(hit), number, settlement })),
    )
    return { name, at, eventId, actors, hits, standing: entry.hits.length, alerts, held, isDecided, decision }
  }

  #loadEntry(owner: ActorRef, state: EntryState, refOf: (name: ActorName) => ActorRef): void {
    const { name, at, eventId, isDecided, decision } = state
    const hits = state.hits.map((hit) => loadHit(hit, refOf(hit.actor), { at, eventId }))
    const alerts = state.alerts.map(({ hit, ...told }) => ({ ...told, hit: hits[hit] }))
    const entry: Entry = {
      name,
      at,
      eventId,
      hits: hits.slice(0, state.standing),
      alerts,
      isDecided,
      decision,
      actors: [],
      isDirty: false,
      savedBy: owner,
    }
    this.#options.entries.set(name, entry)
    for (const actor of state.actors) this.#options.join(entry, refOf(actor))
    for (const { hit, number, settlement } of state.held) {
      const { actor, rule } = hits[hit]
      const settled = settlement === undefined ? undefined : { ...settlement, actor, rule, number }
      this.#options.held.load({ hit: hits[hit], number, entry, settlement: settled })
    }
  }

  #check({ name, actors, hits, standing, alerts, held }: EntryState): void {
    if (this.#options.entries.has(name)) throw new BadStateError('order', `"${name}" is in the alert book already`)
    const isHit = (index: number): boolean => index < hits.length
    if (actors.length === 0 || standing > hits.length || ![...alerts, ...held].every(({ hit }) => isHit(hit)))
      throw new BadStateError('content', `the entry "${name}" does not hold together`)
    for (const { rule } of hits) this.#checkRule(rule)
  }

  #checkRule(rule: number): void {
    if (rule >= this.#options.rules.length) throw new BadStateError('content', `there is no rule ${rule}`)
  }

  #mark(actor: ActorRef, name: string): void {
    this.#changesOf(actor)?.add(name)
  }

  #changesOf(actor: ActorRef): Set<string> | undefined {
    if (this.#changes === undefined) return undefined
    let names = this.#changes.get(actor)
    if (names === undefined) {
      names = new Set()
      this.#changes.set(actor, names)
    }
    return names
  }
}

/** In the form in which the engine makes them, down to the order of the fields. */
function loadHit(hit: HitState, actor: ActorRef, { at, eventId }: Pick<Entry, 'at' | 'eventId'>): Hit {
  const { rule, steps, features, message, place, isHeld, isMuted } = hit
  return { rule, actor, at, eventId, steps, features, message, place, isHeld, isMuted }
}

function ownerOf({ actors }: Entry): ActorRef {
  let owner = actors[0]
  for (let i = 1; i < actors.length; i++) if (compareActors(actors[i], owner) < 0) owner = actors[i]
  return owner
}
