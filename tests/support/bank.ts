// A bank in a test: rules as the text of their files, events as plain objects, and what the engine makes of them in readable form.
import type { AlertRevision, Decision } from '../../shared/actor/alert.ts'
import { Engine } from '../../shared/actor/engine.ts'
import type { Hit } from '../../shared/actor/hit.ts'
import type { Outcome } from '../../shared/actor/outcome.ts'
import { usedFields } from '../../shared/actor/used-fields.ts'
import { sha256Hex } from '../../shared/domain/digest.ts'
import { EventBatch } from '../../shared/domain/event-batch.ts'
import { compareEvents } from '../../shared/domain/event-order.ts'
import { Arena, arenaWords } from '../../shared/memory/arena.ts'
import { loadRuleSet } from '../../shared/rule-language/load-rule-set.ts'
import type { RuleSet } from '../../shared/rule-language/rule-set.ts'
import { JsonCodec } from '../../shared/wire/json-codec.ts'

export const second = 1_000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** Event types with a field of every type, keys of one and of two fields. */
export const bankEvents = `
events:
  transaction:
    fields:
      account: string
      terminal: optional<string>
      amount: money
      tip: optional<money<3>>
      items: optional<int>
      risk: optional<double>
      wait: optional<duration>
      opened: optional<timestamp>
      cardPresent: optional<bool>
      channel: string
      merchant: { id: optional<string>, country: optional<string> }
      tags: optional<list<string>>
    keys: { account: account, terminal: terminal }
  login:
    fields: { account: string, device: optional<string>, success: bool }
    keys: { account: account }
  transfer:
    fields: { debtor: string, creditor: string, amount: money }
    keys: { account: [debtor, creditor] }
`

export interface BankEvent {
  readonly id: string
  /** ms since 1970. Tests count from 0: a bank may open at New Year. */
  readonly at: number
  readonly [field: string]: unknown
}

type Fields = Partial<BankEvent> & { readonly at: number }

let made = 0

/** A purchase of account A, with only what the test is about. Ids count up. */
export const transaction = (fields: Fields): BankEvent => ({
  id: String(++made),
  account: 'A',
  amount: 10,
  channel: 'pos',
  ...fields,
})

export const login = (fields: Fields): BankEvent => ({
  id: String(++made),
  type: 'login',
  account: 'A',
  success: true,
  ...fields,
})

export const transfer = (fields: Fields): BankEvent => ({
  id: String(++made),
  type: 'transfer',
  debtor: 'A',
  creditor: 'B',
  amount: 10,
  ...fields,
})

/**
 * Loads a rule set.
 * @param rules by name, the lines of each rule; what every rule needs is added where it is missing
 * @param others further files by path: scenarios, lists, other `events.yaml`
 */
export function bankRules(
  rules: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = {},
): RuleSet {
  const { ruleSet, diagnostics } = loadRuleSet(new Map(Object.entries(bankFiles(rules, others))))
  if (ruleSet === undefined)
    throw new Error(diagnostics.map((d) => `${d.file}:${d.line}:${d.column}: ${d.message} (${d.hint})`).join('\n'))
  return ruleSet
}

/** The files of a rule set, as `bankRules` loads them: text by path. */
export function bankFiles(
  rules: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const texts = Object.entries(rules).map(([name, lines]) => [`${name}.rule.yaml`, ruleText(name, lines)])
  return { 'events.yaml': bankEvents, ...others, ...Object.fromEntries(texts) }
}

function ruleText(name: string, lines: string): string {
  const needed = { rule: name, score: '50', severity: 'high' }
  const written = Object.entries(needed).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(lines))
  return `${written.map(([key, value]) => `${key}: ${value}\n`).join('')}${lines.trim()}\n`
}

/** A rule that sees everything and raises nothing, so that only its features count. */
export const featuresRule = (features: Readonly<Record<string, string>>, lines = ''): string =>
  `${lines}\nfeatures:\n${Object.entries(features)
    .map(([name, text]) => `  ${name}: ${text}\n`)
    .join('')}when: amount < 0 && amount > 0\n`

export interface RunOptions {
  /** `sorted`: by (at, id) before the run, nothing is kept for going back; `arrival`: as they stand. */
  readonly order?: 'sorted' | 'arrival'
  readonly latenessMs?: number
  readonly arena?: Arena
  /** Time moves on to here after the last event. */
  readonly until?: number
  readonly wantsDecisions?: boolean
  readonly wantsFeatures?: boolean
}

/** One revision of an alert, as a test reads it. */
export interface Told {
  readonly id: string
  readonly rule: string
  readonly key: string
  readonly at: number
  /** Id of the event of a condition; `probe: 1 2, strike: 3` of a pattern. */
  readonly events: string
  readonly features: Readonly<Record<string, unknown>>
  readonly message: string | undefined
  readonly score: number
  readonly status: string
  readonly revision: number
}

export interface Findings {
  readonly engine: Engine
  readonly arena: Arena
  readonly outcomes: readonly Outcome[]
  readonly revisions: readonly Told[]
  /** What stands in the end, in order of time, rule, key and events. */
  readonly alerts: readonly Told[]
  /** The last decision on each event, by id. */
  readonly decisions: Readonly<Record<string, Decision>>
  /** The last values of each rule's features, by `rule key id`. */
  readonly features: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** By rule. */
  readonly faults: Readonly<Record<string, number>>
}

/** Runs events through a new engine. */
export function run(ruleSet: RuleSet, events: readonly BankEvent[], options: RunOptions = {}): Findings {
  const order = options.order ?? 'sorted'
  const arena = options.arena ?? new PoisonedArena(16 * 2 ** 20)
  const revisions: Told[] = []
  const latest = new Map<string, number>()
  const decisions: Record<string, Decision> = {}
  const features: Record<string, Readonly<Record<string, unknown>>> = {}
  const engine = new Engine({
    ruleSet,
    arena,
    latenessMs: options.latenessMs ?? 10 * minute,
    isSorted: order === 'sorted',
    tenant: 'bank',
    sha256Hex,
    hashKey: 7,
    sink: {
      alert: (revision) => {
        // Whoever stores them knows a revision by its number: one that comes twice is lost. An id that is used again is of another time.
        const name = `${revision.id} ${revision.hit.at}`
        const before = latest.get(name) ?? 0
        if (revision.revision <= before) throw new Error(`revision ${revision.revision} of an alert after ${before}`)
        latest.set(name, revision.revision)
        revisions.push(told(ruleSet, revision))
      },
      ...(options.wantsDecisions === true
        ? {
            decision: ({ eventId, decision }) => {
              decisions[eventId] = decision
            },
          }
        : {}),
    },
    ...(options.wantsFeatures === true
      ? {
          onFeatures: (rule, actor, _at, id, values) => {
            features[`${ruleSet.rules[rule].name} ${actor.key} ${id}`] = named(ruleSet, rule, values)
          },
        }
      : {}),
  })
  const outcomes = feed(engine, ruleSet, order === 'sorted' ? [...events].sort(compareEvents) : events)
  if (options.until !== undefined) engine.advance(options.until)
  return {
    engine,
    arena,
    outcomes,
    revisions,
    alerts: standing(revisions),
    decisions,
    features,
    faults: Object.fromEntries(ruleSet.rules.map(({ name }, i) => [name, engine.ruleCounts[i].faults])),
  }
}

const batchRows = 256

/** Applies events as they stand. Throws where one is no event of the rule set. */
export function feed(engine: Engine, ruleSet: RuleSet, events: Iterable<BankEvent>): Outcome[] {
  const batch = new EventBatch(ruleSet.events, usedFields(ruleSet), batchRows)
  const codec = new JsonCodec(ruleSet.events)
  const outcomes: Outcome[] = []
  let row = 0
  const apply = (): void => {
    for (let i = 0; i < batch.length; i++) {
      if (i % 64 === 0) engine.prefetch(batch, undefined, i)
      outcomes.push(engine.apply(batch, i))
    }
    batch.clear()
  }
  for (const event of events) {
    const problem = codec.decodeObject(event, batch, ++row)
    if (problem !== undefined) throw new Error(`${JSON.stringify(event)}: ${problem.field} ${problem.message}`)
    if (batch.length === batchRows) apply()
  }
  apply()
  return outcomes
}

function told(ruleSet: RuleSet, { id, hit, status, revision }: AlertRevision): Told {
  const rule = ruleSet.rules[hit.rule]
  return {
    id,
    rule: rule.name,
    key: hit.actor.key,
    at: hit.at,
    events: eventsOf(ruleSet, hit),
    features: named(ruleSet, hit.rule, hit.features),
    message: hit.message,
    score: rule.score,
    status,
    revision,
  }
}

function eventsOf(ruleSet: RuleSet, hit: Hit): string {
  const { body } = ruleSet.rules[hit.rule]
  if (body.kind === 'condition') return hit.eventId ?? ''
  const steps = body.steps.map((name, step) => ({ name, ids: hit.steps?.[step] ?? [] }))
  return steps.flatMap(({ name, ids }) => (ids.length === 0 ? [] : [`${name}: ${ids.join(' ')}`])).join(', ')
}

function named(ruleSet: RuleSet, rule: number, values: Hit['features']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(ruleSet.rules[rule].features.map(({ name }, i) => [name, values[i]]))
}

function standing(revisions: readonly Told[]): Told[] {
  const last = new Map(revisions.map((alert) => [alert.id, alert]))
  return [...last.values()].filter(({ status }) => status !== 'withdrawn').sort(inOrder)
}

const inOrder = (a: Told, b: Told): number =>
  a.at - b.at || compareTexts([a.rule, a.key, a.events, a.id], [b.rule, b.key, b.events, b.id])

function compareTexts(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((text, k) => text !== b[k])
  return i < 0 ? 0 : a[i] < b[i] ? -1 : 1
}

/** Alerts less what only says how they came about. */
export const withoutRevisions = (alerts: readonly Told[]): unknown[] =>
  alerts.map(({ revision: _, status: __, ...alert }) => alert)

/** An arena whose blocks hold garbage when they are handed out and when they are given back: who reads what it does not own reads that. */
export class PoisonedArena extends Arena {
  override alloc(words: number): number {
    const handle = super.alloc(words)
    if (handle !== 0) this.U.fill(garbage, handle, handle + arenaWords(words))
    return handle
  }

  override release(handle: number, words: number): void {
    super.release(handle, words)
    // The first two words of a free block are the arena's own.
    this.U.fill(garbage, handle + 2, handle + arenaWords(words))
  }
}

const garbage = 0x4b1d_4b1d
