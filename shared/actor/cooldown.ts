import { compareIds } from '#shared/domain/event-order'
import type { Rule } from '#shared/rule-language/rule-set'
import type { Entry } from './entry.ts'
import type { ActorRef, Hit } from './hit.ts'

/**
 * Cooldowns: after an alert, no other for its rule and key for so long in event time. Which hits are muted is a function of the hits that
 * reach an alert, in order; so it is worked out anew from the kept ones whenever one of them changes.
 */
export class Cooldowns {
  readonly #rules: readonly Rule[]
  readonly #isNeeded: boolean
  /** By actor and rule: time of the last alert of an entry that is no longer kept. */
  readonly #lastAlertAt = new Map<ActorRef, Map<number, number>>()

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
    this.#isNeeded = rules.some(({ cooldownMs }) => cooldownMs > 0)
  }

  /** Whether any rule has one. */
  get isNeeded(): boolean {
    return this.#isNeeded
  }

  has(rule: number): boolean {
    return this.#rules[rule].cooldownMs > 0
  }

  /**
   * Works out which hits of one actor and rule are muted.
   * @param entries the actor's kept entries, in order
   * @returns entries where that has changed
   */
  update(
    actor: ActorRef,
    rule: number,
    entries: readonly Entry[],
    reaches: (entry: Entry, hit: Hit) => boolean,
  ): Entry[] {
    const { cooldownMs } = this.#rules[rule]
    let lastAlertAt = this.#lastAlertAt.get(actor)?.get(rule) ?? Number.NEGATIVE_INFINITY
    const changed: Entry[] = []
    for (const entry of entries)
      for (const hit of hitsOf(entry, actor, rule)) {
        if (!reaches(entry, hit)) continue
        const isMuted = entry.at - lastAlertAt < cooldownMs
        if (!isMuted) lastAlertAt = entry.at
        if (isMuted === hit.isMuted) continue
        hit.isMuted = isMuted
        changed.push(entry)
      }
    return changed
  }

  /** Time of the last alert of an actor's entries that are no longer kept, by ascending rule. */
  of(actor: ActorRef): readonly { readonly rule: number; readonly at: number }[] {
    const byRule = this.#lastAlertAt.get(actor)
    if (byRule === undefined) return none
    return [...byRule].map(([rule, at]) => ({ rule, at })).sort((a, b) => a.rule - b.rule)
  }

  /** Sets what `of` gives. */
  load(actor: ActorRef, lastAlerts: readonly { readonly rule: number; readonly at: number }[]): void {
    if (lastAlerts.length === 0) this.#lastAlertAt.delete(actor)
    else this.#lastAlertAt.set(actor, new Map(lastAlerts.map(({ rule, at }) => [rule, at])))
  }

  /** The entry is no longer kept for the actor: its alerts mute what follows all the same. */
  leave(actor: ActorRef, entry: Entry): void {
    for (const { hit, status } of entry.alerts) {
      if (hit.actor !== actor || status === 'withdrawn' || !this.has(hit.rule)) continue
      const byRule = this.#lastAlertAt.get(actor) ?? new Map<number, number>()
      byRule.set(hit.rule, entry.at)
      this.#lastAlertAt.set(actor, byRule)
    }
  }
}

const none: readonly never[] = []

/** Several matches may end with one event: by their events, so that going back, which finds them in another order, does not show. */
function hitsOf(entry: Entry, actor: ActorRef, rule: number): readonly Hit[] {
  const hits = entry.hits.filter((hit) => hit.actor === actor && hit.rule === rule)
  return hits.length > 1 ? hits.sort(compareMatches) : hits
}

function compareMatches(a: Hit, b: Hit): number {
  const [idsOfA, idsOfB] = [a.steps?.flat() ?? [], b.steps?.flat() ?? []]
  for (let i = 0; i < Math.min(idsOfA.length, idsOfB.length); i++) {
    const order = compareIds(idsOfA[i], idsOfB[i])
    if (order !== 0) return order
  }
  return idsOfA.length - idsOfB.length || compareLengths(a, b)
}

/** The same events in other steps: more of them in an earlier step comes first. */
function compareLengths(a: Hit, b: Hit): number {
  const lengths = ({ steps }: Hit): readonly number[] => steps?.map(({ length }) => length) ?? []
  const i = lengths(a).findIndex((length, step) => length !== lengths(b)[step])
  return i < 0 ? 0 : lengths(b)[i] - lengths(a)[i]
}
