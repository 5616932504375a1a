import { invariant } from '#shared/domain/invariant'
import type { Entry } from './entry.ts'
import { type ActorRef, type Hit, type Settlement, staysFound } from './hit.ts'

export interface HeldMatch {
  readonly hit: Hit
  readonly number: number
  readonly entry: Entry
  settlement: Settlement | undefined
}

/**
 * Matches that a skip strategy holds back, and those decided lately: going back may undo the decision.
 */
export class HeldMatches {
  readonly #byActor = new Map<ActorRef, HeldMatch[]>()
  #open = 0

  /** Time of the oldest event with an undecided match; Infinity where there is none. Cost grows with their number. */
  get oldestAt(): number {
    let oldest = Number.POSITIVE_INFINITY
    if (this.#open > 0)
      for (const matches of this.#byActor.values())
        for (const { entry, settlement } of matches) if (settlement === undefined) oldest = Math.min(oldest, entry.at)
    return oldest
  }

  add(hit: Hit, number: number, entry: Entry): void {
    const matches = this.#byActor.get(hit.actor)
    const match = { hit, number, entry, settlement: undefined }
    if (matches === undefined) this.#byActor.set(hit.actor, [match])
    else matches.push(match)
    this.#open++
  }

  /** @returns the entry and hit of the match that was decided on */
  settle(settlement: Settlement): { entry: Entry; hit: Hit } {
    const { actor, rule, number } = settlement
    const match = this.#byActor
      .get(actor)
      ?.find((m) => m.settlement === undefined && m.number === number && m.hit.rule === rule)
    invariant(match !== undefined, 'a match is held before it is decided on')
    match.settlement = settlement
    match.hit.isHeld = false
    this.#open--
    return match
  }

  /** Whether the entry has a match of this actor that is not decided on, or whose decision going back may undo. */
  isNeeded(entry: Entry, actor: ActorRef, oldestPlace: (actor: ActorRef) => number): boolean {
    const matches = this.#byActor.get(actor)?.filter((match) => match.entry === entry) ?? []
    if (matches.length === 0) return false
    const oldest = oldestPlace(actor)
    return matches.some(({ settlement }) => settlement === undefined || settlement.place >= oldest)
  }

  /**
   * The actor goes back: matches found from the place on are forgotten, decisions made from there on are undone.
   * @returns matches that had been skipped and are held again
   */
  rewind(actor: ActorRef, place: number, at: number): readonly HeldMatch[] {
    const matches = this.#byActor.get(actor)
    if (matches === undefined) return []
    const revived: HeldMatch[] = []
    const kept = matches.filter((match) => {
      if (!staysFound(match.hit, place, at)) {
        if (match.settlement === undefined) this.#open--
        return false
      }
      if (match.settlement !== undefined && match.settlement.place >= place) {
        if (!match.settlement.stands) revived.push(match)
        match.settlement = undefined
        match.hit.isHeld = true
        this.#open++
      }
      return true
    })
    this.#keep(actor, kept)
    return revived
  }

  /** In the order in which they were held. */
  of(actor: ActorRef): readonly HeldMatch[] {
    return this.#byActor.get(actor) ?? []
  }

  /** A match that was held before the actor was loaded. */
  load(match: HeldMatch): void {
    const { actor } = match.hit
    this.#byActor.set(actor, [...this.of(actor), match])
    if (match.settlement === undefined) this.#open++
  }

  /** The actor leaves memory. */
  release(actor: ActorRef): void {
    for (const { settlement } of this.of(actor)) if (settlement === undefined) this.#open--
    this.#byActor.delete(actor)
  }

  /** The actor no longer keeps the entry: its decided matches can go. */
  leave(actor: ActorRef, entry: Entry): void {
    const matches = this.#byActor.get(actor)
    if (matches !== undefined)
      this.#keep(
        actor,
        matches.filter((match) => match.entry !== entry),
      )
  }

  #keep(actor: ActorRef, matches: HeldMatch[]): void {
    if (matches.length === 0) this.#byActor.delete(actor)
    else this.#byActor.set(actor, matches)
  }
}
