import { evaluate } from '@marcbachmann/cel-js'
import { stringify } from 'yaml'
import { EventView } from '#shared/actor/event-view'
import type { Hit, HitSink } from '#shared/actor/hit'
import { Population } from '#shared/actor/population'
import { RuleTally } from '#shared/actor/rule-tally'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { envelopeFields } from '#shared/domain/event-schema'
import { invariant } from '#shared/domain/invariant'
import { planPopulation } from '#shared/features/plan-population'
import { Arena } from '#shared/memory/arena'
import type { Diagnostic } from '#shared/rule-language/diagnostic'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import { reservedWords } from '#shared/rule-language/reserved-words'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { PatternProblemCode } from './validity.ts'
import { feedOf, type Input, timeOf } from './vector-feed.ts'
import type { StepIds, Vector, VectorAnswer, VectorEvent, VectorPattern } from './vector-format.ts'
import { type PlainRule, ruleOf, StepNames, windowOf } from './vector-rule.ts'

/**
 * The bridge from the reference vectors to the engine. It translates, it does not match: a vector becomes a rule, which the rule language
 * checks and compiles, and events, which a population of actors judges as in a replay. Between a population and the lines of a replay
 * stand only alerts, which have nothing to say about runs.
 *
 * Gotcha: events of the engine are in order of (at, id), so that a vector fed against its times cannot be run.
 */

/** @returns null where the vector is fed against its times */
export function run(vector: Vector): VectorAnswer | null {
  const { inputs, late } = feedOf(vector, (tie, event) => Number(evaluate(tie, { e: event })))
  const times = inputs.flatMap(({ event, at }) => (event === undefined ? [] : [at]))
  if (times.some((at, i) => at < times[i - 1])) return null
  const names = namesOf(vector.pattern)
  const { ruleSet, diagnostics } = load(ruleOf(vector.pattern, names))
  if (ruleSet === undefined) throw new Error(`${vector.name} is no rule: ${JSON.stringify(errorsOf(diagnostics))}`)
  const watch = new Watch(vector, ruleSet, names)
  for (const input of inputs) watch.see(input)
  return watch.answer(late)
}

/** The vector's pattern as a rule, as its `*.rule.yaml` would parse. */
export function rule({ name, pattern }: Vector): PlainRule {
  return { ...ruleOf(pattern, namesOf(pattern)), title: name }
}

/** An event of the vector as the object of a JSON line. */
export function event(vector: Vector, id: number): PlainRule {
  const found = vector.events.find((candidate) => candidate.id === id)
  invariant(found !== undefined, 'the vector has an event of this id')
  const at = timeOf(vector, found)
  const { volume, now } = found
  return {
    id: String(id),
    type: 'event',
    at: at + shiftOf(vector),
    ...{ key: keyOf(vector, found), kind: found.type, name: found.name, price: found.price },
    ...(volume === undefined ? {} : { volume }),
    ts: at,
    ...(now === undefined ? {} : { now }),
  }
}

/** Whether the rule language takes a pattern: the code of its refusal, its warning, and the window in ms, 0: none. */
export function check(pattern: VectorPattern): { invalid: string | null; canBeEmpty: boolean; windowMs: number } {
  const { ruleSet, diagnostics } = load(ruleOf(pattern, namesOf(pattern)))
  const body = ruleSet?.rules[0].body
  const codes = errorsOf(diagnostics).map(({ code }) => code)
  return {
    invalid: codes.find((code) => !ofWholePattern.has(code)) ?? codes[0] ?? null,
    canBeEmpty: diagnostics.some(({ code }) => code === 'can-be-empty'),
    windowMs: body?.kind === 'pattern' ? (body.pattern.withinMs ?? 0) : windowOf(pattern),
  }
}

/** What several steps make wrong together. A step that is wrong by itself comes first, as it could not even be written down. */
const ofWholePattern: ReadonlySet<string> = new Set<PatternProblemCode>([
  'duplicate-step-name',
  'gap-longer-than-window',
  'trailing-notFollowedBy-without-window',
  'unknown-skip-step',
])

const fields = {
  key: 'string',
  kind: 'string',
  name: 'string',
  price: 'double',
  volume: 'optional<double>',
  ts: 'int',
  now: 'optional<int>',
}

const eventsText = stringify({ events: { event: { fields, keys: { key: 'key' } } } })

const load = (rule: PlainRule): ReturnType<typeof loadRuleSet> =>
  loadRuleSet(
    new Map([
      ['events.yaml', eventsText],
      ['vector.rule.yaml', stringify(rule, { lineWidth: 0 })],
    ]),
  )

const errorsOf = (diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  diagnostics.filter(({ severity }) => severity === 'error')

const namesOf = (pattern: VectorPattern): StepNames =>
  new StepNames(pattern, [...Object.keys(fields), ...envelopeFields, ...reservedWords])

const keyOf = ({ keyBy }: Vector, event: VectorEvent): string =>
  keyBy === undefined ? 'all' : String(evaluate(keyBy, { e: event }))

/** Our time starts at 1970; a vector that begins before is moved as a whole. */
const shiftOf = (vector: Vector): number => Math.max(0, ...vector.events.map((event) => -timeOf(vector, event)))

/** The actors of one vector, and what they have found. */
class Watch {
  readonly #vector: Vector
  readonly #names: StepNames
  readonly #steps: readonly string[]
  readonly #shift: number
  readonly #batch: EventBatch
  readonly #view = new EventView()
  readonly #population: Population
  readonly #keys = new Set<string>()
  /** In the order seen, which is that of their ids in the engine: simultaneous events stay as they were sorted. */
  readonly #seen: VectorEvent[] = []
  readonly #matches: StepIds[] = []
  readonly #held = new Map<string, StepIds>()
  readonly #timeouts: { match: StepIds; at: number }[] = []
  #faults = 0
  #refused = 0
  #now = Number.NEGATIVE_INFINITY

  constructor(vector: Vector, ruleSet: RuleSet, names: StepNames) {
    const { events, rules, lists } = ruleSet
    const { body } = rules[0]
    invariant(body.kind === 'pattern', 'a vector is a pattern')
    this.#vector = vector
    this.#names = names
    this.#steps = body.steps
    this.#shift = shiftOf(vector)
    this.#batch = new EventBatch(events, usedFields(ruleSet))
    this.#view.batch = this.#batch
    this.#population = new Population({
      key: 0,
      plan: planPopulation({ events, key: 0, types: [0], rules }),
      rules: [{ index: 0, rule: rules[0] }],
      lists,
      arena: new Arena(memoryBytes),
      view: this.#view,
      sink: this.#sink(),
      tally: new RuleTally(1, undefined),
      latenessMs: 0,
      isSorted: true,
      followsFlink: true,
      isSeenFor: () => false,
      hashKey: 0,
    })
  }

  see({ event: given, at }: Input): void {
    this.#advance(at + this.#shift)
    if (given === undefined) return
    const key = keyOf(this.#vector, given)
    this.#keys.add(key)
    this.#view.key = key
    this.#view.row = this.#append(given)
    this.#population.put(this.#view.row, this.#now)
  }

  answer(late: readonly number[]): VectorAnswer {
    const { onMiss } = this.#vector.pattern.skip ?? {}
    if (this.#refused > 0 || (this.#faults > 0 && onMiss !== 'error'))
      throw new Error(`${this.#vector.name}: ${this.#refused} refused by a bound, ${this.#faults} faults`)
    let openPartials = 0
    for (const key of this.#keys) openPartials += this.#population.expire(key, this.#now)
    return {
      matches: this.#matches,
      timeouts: this.#timeouts,
      late,
      openPartials,
      error: this.#faults > 0 ? 'skip-target' : undefined,
    }
  }

  /** Lets time pass for all actors, in one step as in Flink: in a replay runs end with the actor's next event, here it is told at once. */
  #advance(now: number): void {
    this.#now = Math.max(this.#now, now)
    for (const key of this.#keys) this.#population.expire(key, this.#now)
  }

  #append(given: VectorEvent): number {
    const { id: _id, type: _type, at, ...values } = event(this.#vector, given.id)
    const batch = this.#batch
    const row = batch.append(0, Number(at), String(this.#seen.push(given) - 1))
    for (const [field, { path }] of batch.schema.fields.entries()) {
      const value = values[path]
      const { [field]: numbers } = batch.numbers
      const { [field]: texts } = batch.texts
      if (numbers !== undefined && value !== undefined) numbers[row] = Number(value)
      if (texts !== undefined && value !== undefined) texts[row] = String(value)
    }
    return row
  }

  #sink(): HitSink {
    return {
      hit: ({ steps }) => void this.#matches.push(this.#idsOf(steps)),
      held: ({ actor, steps }, number) => void this.#held.set(`${number} ${actor.key}`, this.#idsOf(steps)),
      settled: ({ actor, number, stands }) => {
        const match = this.#held.get(`${number} ${actor.key}`)
        invariant(match !== undefined, 'a match is held before it is decided on')
        if (stands) this.#matches.push(match)
      },
      timedOut: (_rule, _actor, steps, at) =>
        void this.#timeouts.push({ match: this.#idsOf(steps), at: at - this.#shift }),
      faulted: () => void this.#faults++,
      refused: (_rule, _what, count) => {
        this.#refused += count
      },
      rewound: () => invariant(false, 'events come in order'),
    }
  }

  #idsOf(steps: Hit['steps']): StepIds {
    const ids = (steps ?? []).map((step) => step.map((id) => this.#seen[Number(id)].id))
    return Object.fromEntries(
      this.#steps.flatMap((name, step) => (ids[step].length === 0 ? [] : [[this.#names.inVector(name), ids[step]]])),
    )
  }
}

/** A vector has tens of events. Reserved, not used. */
const memoryBytes = 16 * 2 ** 20
