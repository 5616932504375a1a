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
 *
 * One event may decide on thousands of them, so that each is found at once: by its number, and by its entry.
 */
export class HeldMatches {
  readonly #byActor = new Map<ActorRef, MatchesOfActor>()

  /** Time of the oldest event with an undecided match; Infinity where there is none. Cost grows with their number. */
  get oldestAt(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { open } of this.#byActor.values())
      for (const { entry } of open.values()) oldest = Math.min(oldest, entry.at)
    return oldest
  }

  add(hit: Hit, number: number, entry: Entry): void {
    this.load({ hit, number, entry, settlement: undefined })
  }

  /** @returns the entry and hit of the match that was decided on */
  settle(settlement: Settlement): { entry: Entry; hit: Hit } {
    const { actor, rule, number } = settlement
    const open = this.#byActor.get(actor)?.open
    const match = open?.get(numberOf(rule, number))
    invariant(open !== undefined && match !== undefined, 'a match is held before it is decided on')
    open.delete(numberOf(rule, number))
    match.settlement = settlement
    match.hit.isHeld = false
    return match
  }

  /** Whether the entry has a match of this actor that is not decided on, or whose decision going back may undo. */
  isNeeded(entry: Entry, actor: ActorRef, oldestPlace: (actor: ActorRef) => number): boolean {
    const matches = this.#byActor.get(actor)?.byEntry.get(entry)
    if (matches === undefined) return false
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
    for (const match of matches.all) {
      const { settlement, hit, entry } = match
      if (!staysFound(hit, place, at)) {
        matches.all.delete(match)
        // Once all were decided on, numbers are given anew: an older match may just have taken its own back.
        const number = numberOf(hit.rule, match.number)
        if (matches.open.get(number) === match) matches.open.delete(number)
        const others = matches.byEntry.get(entry)?.filter((other) => other !== match) ?? []
        if (others.length > 0) matches.byEntry.set(entry, others)
        else matches.byEntry.delete(entry)
      } else if (settlement !== undefined && settlement.place >= place) {
        if (!settlement.stands) revived.push(match)
        match.settlement = undefined
        hit.isHeld = true
        matches.open.set(numberOf(hit.rule, match.number), match)
      }
    }
    this.#keep(actor, matches)
    return revived
  }

  /** In the order in which they were held. */
  of(actor: ActorRef): readonly HeldMatch[] {
    return [...(this.#byActor.get(actor)?.all ?? [])]
  }

  /** A match that was held before the actor was loaded. */
  load(match: HeldMatch): void {
    const { hit, number, entry } = match
    let matches = this.#byActor.get(hit.actor)
    if (matches === undefined) {
      matches = { all: new Set(), open: new Map(), byEntry: new Map() }
      this.#byActor.set(hit.actor, matches)
    }
    matches.all.add(match)
    if (match.settlement === undefined) matches.open.set(numberOf(hit.rule, number), match)
    const ofEntry = matches.byEntry.get(entry)
    if (ofEntry === undefined) matches.byEntry.set(entry, [match])
    else ofEntry.push(match)
  }

  /** The actor leaves memory. */
  release(actor: ActorRef): void {
    this.#byActor.delete(actor)
  }

  /** The actor no longer keeps the entry: its decided matches can go. */
  leave(actor: ActorRef, entry: Entry): void {
    const matches = this.#byActor.get(actor)
    if (matches === undefined) return
    for (const match of matches.byEntry.get(entry) ?? []) matches.all.delete(match)
    matches.byEntry.delete(entry)
    this.#keep(actor, matches)
  }

  #keep(actor: ActorRef, { all }: MatchesOfActor): void {
    if (all.size === 0) this.#byActor.delete(actor)
  }
}

interface MatchesOfActor {
  /** In the order in which they were held. */
  readonly all: Set<HeldMatch>
  /** Those not decided on, by `numberOf`. */
  readonly open: Map<number, HeldMatch>
  readonly byEntry: Map<Entry, HeldMatch[]>
}

/** The matcher's numbers are of 32 bits, and each rule has its own. */
const numberOf = (rule: number, number: number): number => rule * 2 ** 32 + number
