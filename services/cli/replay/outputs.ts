import type { AlertRevision, DecisionRevision } from '#shared/actor/alert'
import type { ActorRef } from '#shared/actor/hit'
import { compareIds } from '#shared/domain/event-order'
import { formatTimestamp } from '#shared/domain/time'
import type { RuleSet } from '#shared/rule-language/rule-set'
import { alertLines, featuresObject } from '#shared/wire/alert-line'
import { comparePlaces, type Place, placeBefore } from './place.ts'

type Values = readonly (number | string | undefined)[]

/** What a replay hears from the engine, and when it becomes lines. */
export interface Output {
  alert(revision: AlertRevision): void
  decision?(revision: DecisionRevision): void
  features?(rule: number, actor: ActorRef, at: number, id: string, values: Values): void
  /** What lies before this time will not change any more. */
  settledBefore(at: number): void
}

type Write = (line: string, place: Place) => void

/** Every revision as it arises. @param row of the event that is being applied */
export function alertRevisions(ruleSet: RuleSet, write: Write, row: () => number): Output {
  const line = alertLines(ruleSet)
  return { alert: (revision) => write(line(revision), placeBefore(row())), settledBefore: () => {} }
}

/** Each alert that stands, once, in order of (at, rule, key, event ids). */
export function standingAlerts(ruleSet: RuleSet, write: Write): Output {
  const line = alertLines(ruleSet)
  const rank = rankByName(ruleSet)
  const pending = new Map<string, AlertRevision>()
  return {
    alert: (revision) => {
      if (revision.status === 'withdrawn') pending.delete(revision.id)
      else pending.set(revision.id, revision)
    },
    settledBefore: (at) => {
      const settled = [...pending.values()].filter(({ hit }) => hit.at < at)
      for (const revision of settled.sort((a, b) => compareAlerts(ruleSet, a, b))) {
        pending.delete(revision.id)
        const { at, rule, actor } = revision.hit
        write(line({ ...revision, revision: 1, status: 'raised' }), { at, id: '', rank: rank[rule], key: actor.key })
      }
    },
  }
}

/** A line for every event that a rule of a scenario sees, in order of (at, id). */
export function decisions(write: Write, isSorted: boolean): Output {
  const pending = new Map<string, DecisionRevision>()
  return {
    alert: () => {},
    decision: (revision) => pending.set(`${revision.at} ${revision.eventId}`, revision),
    settledBefore: (at) => {
      const settled = [...pending].filter(([, revision]) => revision.at < at)
      for (const [name, revision] of settled.sort(([, a], [, b]) => a.at - b.at || compareIds(a.eventId, b.eventId))) {
        pending.delete(name)
        const place = { at: revision.at, id: revision.eventId, rank: 0, key: '' }
        write(decisionLine(isSorted ? { ...revision, revision: 1 } : revision), place)
      }
    },
  }
}

/** A line for every event and rule with features that sees it, in order of (at, id, rule, key). */
export function features(ruleSet: RuleSet, write: Write, isSorted: boolean): Output {
  const objects = ruleSet.rules.map(featuresObject)
  const starts = ruleSet.rules.map(
    (rule) => `,"rule":${JSON.stringify(rule.name)},"by":${JSON.stringify(ruleSet.events.keys[rule.by])},"key":`,
  )
  const ranks = rankByName(ruleSet)
  let found: FeatureLine[] = []
  return {
    alert: () => {},
    features: (index, actor, at, id, values) => {
      const line = `{"id":${JSON.stringify(id)}${starts[index]}${JSON.stringify(actor.key)},"features":${objects[index](values)}}`
      found.push({ at, id, rank: ranks[index], key: actor.key, line })
    },
    settledBefore: (at) => {
      const settled = found.filter((value) => value.at < at)
      found = found.filter((value) => value.at >= at)
      settled.sort(comparePlaces)
      // Out of order, a rule is judged again for an event: what it said last stands. Sorting keeps them in the order found.
      for (let i = 0; i < settled.length; i++)
        if (isSorted || i + 1 === settled.length || comparePlaces(settled[i], settled[i + 1]) !== 0)
          write(settled[i].line, settled[i])
    },
  }
}

interface FeatureLine extends Place {
  readonly line: string
}

/** By rule: how many rules come before it by their names. */
function rankByName({ rules }: RuleSet): readonly number[] {
  const inOrder = rules.map(({ name }) => name).sort(compareText)
  return rules.map(({ name }) => inOrder.indexOf(name))
}

function decisionLine({ eventId, at, revision, decision }: DecisionRevision): string {
  const { outcome, score, reasons, alerts, scenarios } = decision
  return JSON.stringify({ id: eventId, at: formatTimestamp(at), outcome, score, reasons, alerts, scenarios, revision })
}

function compareAlerts(ruleSet: RuleSet, a: AlertRevision, b: AlertRevision): number {
  const nameOf = ({ hit }: AlertRevision): string => ruleSet.rules[hit.rule].name
  return (
    a.hit.at - b.hit.at ||
    compareText(nameOf(a), nameOf(b)) ||
    compareText(a.hit.actor.key, b.hit.actor.key) ||
    compareIdLists(eventIds(a), eventIds(b)) ||
    compareText(a.id, b.id)
  )
}

const eventIds = ({ hit }: AlertRevision): readonly string[] => hit.steps?.flat() ?? [hit.eventId ?? '']

function compareIdLists(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareIds(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
