import type { AlertRevision } from '#shared/actor/alert'
import type { RuleSet } from '#shared/rule-language/rule-set'

interface Label {
  readonly kind: string
  readonly case: string | number
}

/**
 * How right alerts are against the generator's labels. An alert is right if one of its events is fraud; a case of fraud is found if an
 * alert has one of its events. Rules do not see labels.
 */
export class Scorecard {
  readonly #ruleSet: RuleSet
  readonly #labels = new Map<string, Label>()
  readonly #alerts = new Map<string, AlertRevision>()

  constructor(ruleSet: RuleSet) {
    this.#ruleSet = ruleSet
  }

  label(eventId: string, label: Label): void {
    this.#labels.set(eventId, label)
  }

  add(revision: AlertRevision): void {
    if (revision.status === 'withdrawn') this.#alerts.delete(revision.id)
    else this.#alerts.set(revision.id, revision)
  }

  text({ events, seconds, actors }: { events: number; seconds: number; actors: number }): string {
    const n = (count: number): string => count.toLocaleString('en')
    const alerts = [...this.#alerts.values()]
    const right = alerts.filter((alert) => this.#casesOf(alert).length > 0)
    const found = new Set(alerts.flatMap((alert) => this.#casesOf(alert)))
    const cases = new Map<string, Set<string>>()
    for (const { kind, case: name } of this.#labels.values()) {
      const ofKind = cases.get(kind) ?? new Set()
      cases.set(kind, ofKind.add(`${kind} ${name}`))
    }
    const all = [...cases.values()].reduce((sum, ofKind) => sum + ofKind.size, 0)
    const kinds = [...cases].map(([kind, ofKind]) => {
      const foundOfKind = [...ofKind].filter((name) => found.has(name)).length
      return `  ${kind.padEnd(22)} ${n(foundOfKind)} of ${n(ofKind.size)} cases found`
    })
    const byScenario = this.#ruleSet.scenarios.map(({ name, rules }) => {
      const ofScenario = alerts.filter(({ hit }) => rules.includes(hit.rule))
      const rightOfScenario = ofScenario.filter((alert) => this.#casesOf(alert).length > 0).length
      return `  ${name.padEnd(22)} ${n(ofScenario.length)} alerts${ofScenario.length === 0 ? '' : `, ${share(rightOfScenario, ofScenario.length)} right`}`
    })
    return [
      '',
      `${n(events)} events of ${n(actors)} accounts, cards, terminals and devices in ${seconds.toFixed(1)} s: ${n(Math.round(events / seconds))} events/s on one core, generator included`,
      `${n(alerts.length)} alerts, ${share(right.length, alerts.length)} of them right (precision; ${falsePerTrue(alerts.length - right.length, right.length)})`,
      ...byScenario,
      `${n(found.size)} of ${n(all)} cases of fraud found (recall ${share(found.size, all)})`,
      ...kinds,
    ].join('\n')
  }

  #casesOf({ hit }: AlertRevision): string[] {
    const ids = hit.steps?.flat() ?? [hit.eventId ?? '']
    return ids.flatMap((id) => {
      const label = this.#labels.get(id)
      return label === undefined ? [] : [`${label.kind} ${label.case}`]
    })
  }
}

const share = (part: number, whole: number): string => (whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(1)} %`)

/** The false-positive ratio, false alerts to one true. */
const falsePerTrue = (wrong: number, right: number): string =>
  right === 0 ? `${wrong} false : 0 true` : `${(wrong / right).toFixed(2)} false : 1 true`
