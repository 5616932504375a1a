import { sha256Hex } from '#shared/domain/digest'
import { limits } from '#shared/domain/limits'
import type { ValueType } from '#shared/domain/value-type'
import { nearest } from './diagnostic.ts'
import { loadFeature } from './load-feature.ts'
import { loadPattern } from './load-pattern.ts'
import { headOf, type NumberedStep, numberSteps } from './numbered-steps.ts'
import { ruleContent } from './rule-content.ts'
import { checkMessage, checkText, type RuleContext } from './rule-context.ts'
import { checkRuleNames } from './rule-names.ts'
import { placesOf } from './rule-places.ts'
import type { Feature, Rule } from './rule-set.ts'
import type { RuleText } from './rule-shape.ts'
import type { Scope } from './scope.ts'
import type { Located } from './shape.ts'
import { writtenCondition } from './written-condition.ts'

/** A rule without its place in a set. */
export type LoadedRule = Omit<Rule, 'scenario'> & {
  /** What the version is the hash of. */
  readonly content: string
}

/**
 * Checks a rule against the event types and lists.
 * @returns undefined where something that it cannot do without is missing; whoever reads it asks for errors first
 */
export function loadRule(text: Located<RuleText>, given: RuleContext): LoadedRule | undefined {
  const { value } = text
  const { on, isWhole } = eventTypesOf(text, given)
  const by = keyOf(text, on, given)
  // Without its event types or its key a rule knows too few names, which is one mistake, not many.
  const isMistake = (name: string): boolean => isWhole && given.isMistake(name) && (name !== 'key' || by !== undefined)
  const context = { ...given, isMistake }
  const steps = value.pattern === undefined ? [] : numberSteps(value.pattern.value)
  checkKeysOfPattern(value, context)
  const eventScope = scopeOf(context, on, by, value, steps)
  const features = featuresOf(value, eventScope, context)
  // A feature or step that was refused has been reported; asking for it is no second mistake.
  const known = new Set(features.map(({ name }) => name))
  const refused = new Set((value.features?.value ?? []).map(({ key }) => key.value).filter((name) => !known.has(name)))
  const ruleContext = { ...context, isMistake: (name: string) => context.isMistake(name) && !refused.has(name) }
  checkRuleNames(value, steps, on, context)
  const where = checkText(value.where, eventScope, 'bool', context)
  const scope = { ...eventScope, features, elsewhere: undefined }
  const patternScope = { ...scope, ...stepNames(steps) }
  const when = checkText(value.when, scope, 'bool', ruleContext)
  const body = when ? ({ kind: 'condition', when } as const) : loadPattern(value, steps, patternScope, ruleContext)
  const message = checkMessage(value.message, patternScope, ruleContext)
  if (!value.rule || !value.score || !value.severity || !body || by === undefined) return undefined
  const content = ruleContent(value, { on: on.map((type) => context.events.types[type].name), features, body })
  return {
    name: value.rule.value,
    version: sha256Hex(content).slice(0, 12),
    title: value.title?.value ?? value.rule.value,
    by,
    on,
    where,
    features,
    body,
    written: writtenCondition(value),
    score: value.score.value,
    severity: value.severity.value,
    reason: value.reason?.value,
    cooldownMs: value.cooldown?.value ?? 0,
    message,
    places: placesOf(text),
    content,
  }
}

/** Names of event types, as numbers in the order of the schema. */
function eventTypesOf(
  { value, at }: Located<RuleText>,
  context: RuleContext,
): { on: readonly number[]; isWhole: boolean } {
  const names = context.events.types.map(({ name }) => name)
  const written = value.on?.value ?? [{ value: 'transaction', at }]
  const known = new Set<number>()
  for (const type of written) {
    const index = names.indexOf(type.value)
    if (index >= 0) known.add(index)
    else if (context.isMistake(type.value)) {
      const near = nearest(type.value, names)
      const hint =
        value.on === undefined ? `add on: ${names.length === 1 ? names[0] : `[${names.join(', ')}]`}` : undefined
      context.problems.error(
        type.at,
        'unknown-event-type',
        `there is no event type "${type.value}"${value.on === undefined ? ', which "on" stands for by default' : ''}`,
        hint ?? (near ? `did you mean "${near}"?` : `events.yaml declares ${names.join(', ')}`),
      )
    }
  }
  return { on: [...known].sort((a, b) => a - b), isWhole: known.size > 0 && known.size === written.length }
}

function keyOf({ value, at }: Located<RuleText>, on: readonly number[], context: RuleContext): number | undefined {
  const { events, problems } = context
  const name = value.by?.value ?? 'account'
  const key = events.keys.indexOf(name)
  const place = value.by?.at ?? at
  if (key < 0) {
    if (!context.isMistake(name)) return undefined
    const near = nearest(name, events.keys)
    problems.error(
      place,
      'unknown-key-name',
      `no event type has a key "${name}"${value.by === undefined ? ', which "by" stands for by default' : ''}`,
      near !== undefined && value.by !== undefined
        ? `did you mean "${near}"?`
        : `${value.by === undefined ? 'add by: with one of' : 'events.yaml declares'} ${events.keys.join(', ')}`,
    )
    return undefined
  }
  const without = on.filter((type) => !events.types[type].keys.some((k) => k.key === key))
  const names = without.map((type) => events.types[type].name).join(', ')
  if (without.length > 0 && without.length === on.length)
    problems.error(
      place,
      'unknown-key-name',
      `${names} has no key "${name}", so the rule would see no event`,
      'declare it in events.yaml',
    )
  else if (without.length > 0)
    problems.warning(
      place,
      'unseen-events',
      `${names} has no key "${name}", so the rule sees none of them`,
      'leave them out of "on"',
    )
  return key
}

/** What the conditions on an event alone may name. */
function scopeOf(
  { events, lists }: RuleContext,
  on: readonly number[],
  by: number | undefined,
  text: RuleText,
  steps: readonly NumberedStep[],
): Scope {
  const elsewhere = new Map<string, string>()
  for (const { key } of text.features?.value ?? [])
    elsewhere.set(key.value, 'a feature is known only after the events that it sees were chosen')
  for (const { name } of steps) elsewhere.set(name, 'steps are known only within the pattern')
  return { events, on, keyType: keyTypeOf(events, by), features: [], steps: [], lists, elsewhere }
}

function keyTypeOf(events: RuleContext['events'], by: number | undefined): ValueType | undefined {
  const key = events.types.flatMap(({ keys }) => keys).find((candidate) => candidate.key === by)
  return key && events.fields[key.fields[0]].type
}

/** Absences take no event, so expressions cannot name them. */
function stepNames(steps: readonly NumberedStep[]): Pick<Scope, 'steps' | 'elsewhere'> {
  const elsewhere = new Map<string, string>()
  for (const { name, isNegation } of steps)
    if (isNegation) elsewhere.set(name, 'it is an absence, which takes no event')
  for (const group of steps.flatMap(({ groups }) => groups))
    elsewhere.set(headOf(group).name?.value ?? '', 'it is a group; name one of its steps')
  return { steps: steps.map(({ name, isNegation }) => (isNegation ? '' : name)), elsewhere }
}

function featuresOf(text: RuleText, scope: Scope, context: RuleContext): readonly Feature[] {
  const written = text.features?.value ?? []
  if (text.features !== undefined && written.length > limits.featuresPerRuleMax)
    context.problems.error(
      text.features.at,
      'out-of-bounds',
      `the rule has ${written.length} features; at most ${limits.featuresPerRuleMax} are taken`,
      'split it into several rules of one scenario',
    )
  return written
    .slice(0, limits.featuresPerRuleMax)
    .map(({ key, value }) => value && loadFeature(key.value, value, scope, context))
    .filter((feature) => feature !== undefined)
}

function checkKeysOfPattern({ pattern, within, skip }: RuleText, { problems }: RuleContext): void {
  if (pattern !== undefined) return
  for (const [key, written] of Object.entries({ within, skip }))
    if (written !== undefined)
      problems.error(
        written.at,
        'conflicting-keys',
        `"${key}" belongs to a pattern, and the rule has none`,
        `remove "${key}"`,
      )
}
