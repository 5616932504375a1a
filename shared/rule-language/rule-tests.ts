import { convertValue, type Value } from '#shared/domain/convert-value'
import { typeName, type ValueType } from '#shared/domain/value-type'
import { type Diagnostic, nearest } from './diagnostic.ts'
import { type ReadRuleSet, readRuleSet } from './load-rule-set.ts'
import { parseYaml } from './parse-yaml.ts'
import { sortFiles } from './rule-files.ts'
import type { Rule, RuleSet } from './rule-set.ts'
import { type ExpectedText, ruleTestShape, type TestCaseText } from './rule-test-shape.ts'
import type { Entry, Located } from './shape.ts'
import { Problems, type SourceFile } from './source-file.ts'
import { readTestEvent, type TestEvent, typeHint } from './test-event.ts'
import { describe, plainData, type YamlNode } from './yaml-node.ts'

/** When every test starts. A fixed time, so that a message with a time in it can be expected. */
export const testStartMs = Date.UTC(2026, 0, 1)

export interface RuleTestCase {
  readonly name: string
  /** Index into `RuleSet.rules`. */
  readonly rule: number
  readonly file: string
  readonly line: number
  readonly events: readonly TestEvent[]
  /** Time moves on to here after the last event, ms since 1970; undefined: it does not. */
  readonly untilMs: number | undefined
  /** All alerts of the rule, in order. */
  readonly expected: readonly ExpectedAlert[]
}

/** What a line of `expect` names; the rest is undefined and not compared. */
export interface ExpectedAlert {
  readonly line: number
  readonly atMs: number | undefined
  readonly key: string | undefined
  /** Id of the event, for a condition. */
  readonly event: string | undefined
  /** Ids by step, for a pattern. */
  readonly steps: ReadonlyMap<string, readonly string[]> | undefined
  /** A value that is undefined is expected to be absent. */
  readonly features: ReadonlyMap<string, { readonly type: ValueType; readonly value: Value | undefined }>
  readonly score: number | undefined
  readonly severity: string | undefined
  readonly reason: string | undefined
  readonly message: string | undefined
  readonly scenario: string | undefined
}

/**
 * Checks all files of a rule set, its tests too: `loadRuleSet` is for those who run it, this for those who write it.
 * @returns no rule set and no tests if there is any error
 */
export function checkRuleFiles(files: ReadonlyMap<string, string>): {
  readonly ruleSet: RuleSet | undefined
  readonly tests: readonly RuleTestCase[]
  readonly diagnostics: readonly Diagnostic[]
} {
  const problems = new Problems()
  const sorted = sortFiles(files, problems)
  const set = readRuleSet(sorted, problems)
  const tests = sorted.tests.flatMap((file) => loadTestFile(file, set, problems))
  const isGood = !problems.hasErrors
  return { ruleSet: isGood ? set.ruleSet : undefined, tests: isGood ? tests : [], diagnostics: problems.sorted() }
}

function loadTestFile(file: SourceFile, set: ReadRuleSet, problems: Problems): readonly RuleTestCase[] {
  const root = parseYaml(file, problems)
  const text = root && ruleTestShape.read(root, problems)
  if (text?.value.rule === undefined) return []
  const rule = ruleOf(text.value.rule, set, problems)
  return (text.value.tests?.value ?? []).flatMap((test) => loadTestCase(test, rule, set, problems) ?? [])
}

function ruleOf(name: Located<string>, { ruleSet, isWritten }: ReadRuleSet, problems: Problems): number {
  const index = ruleSet.rules.findIndex((rule) => rule.name === name.value)
  if (index >= 0 || isWritten(name.value)) return index
  const names = ruleSet.rules.map((rule) => rule.name)
  const near = nearest(name.value, names)
  problems.error(
    name.at,
    'unknown-rule',
    `there is no rule "${name.value}"`,
    near === undefined ? 'rules are named by their key "rule", not by their file' : `did you mean "${near}"?`,
  )
  return -1
}

/** @param rule -1: it has errors, so that its features and steps are not known */
function loadTestCase(
  { value: text, at }: Located<TestCaseText>,
  rule: number,
  { ruleSet, isWhole }: ReadRuleSet,
  problems: Problems,
): RuleTestCase | undefined {
  const texts = text.events?.value ?? []
  // With errors in events.yaml, most of what would be said of events here is their consequence.
  const events = isWhole ? texts.map((e, i) => readTestEvent(e, i + 1, testStartMs, ruleSet.events, problems)) : []
  const expecting = new Expecting(ruleSet, rule, texts.length, problems)
  const expected = (text.expect?.value ?? []).map((line) => expecting.read(line))
  if (text.name === undefined) return undefined
  return {
    name: text.name.value,
    rule,
    file: at.file.name,
    line: at.file.lineOf(at.offset),
    events: events.filter((event) => event !== undefined),
    untilMs: text.until && testStartMs + text.until.value,
    expected,
  }
}

class Expecting {
  readonly #rule: Rule | undefined
  readonly #keyType: ValueType | undefined
  readonly #eventsCount: number
  readonly #problems: Problems

  constructor(ruleSet: RuleSet, rule: number, eventsCount: number, problems: Problems) {
    this.#rule = ruleSet.rules[rule]
    const key = ruleSet.events.types.flatMap(({ keys }) => keys).find(({ key }) => key === this.#rule?.by)
    this.#keyType = key && ruleSet.events.fields[key.fields[0]].type
    this.#eventsCount = eventsCount
    this.#problems = problems
  }

  read({ value: text, at }: Located<ExpectedText>): ExpectedAlert {
    this.#checkKind(text)
    return {
      line: at.file.lineOf(at.offset),
      atMs: text.at && testStartMs + text.at.value,
      key: this.#key(text.key),
      event: text.event && this.#eventId(text.event),
      steps: text.steps && this.#steps(text.steps.value),
      features: new Map((text.features?.value ?? []).flatMap((entry) => this.#feature(entry) ?? [])),
      score: text.score?.value,
      severity: text.severity?.value,
      reason: text.reason?.value,
      message: text.message?.value,
      scenario: text.scenario?.value,
    }
  }

  #checkKind({ event, steps }: ExpectedText): void {
    const kind = this.#rule?.body.kind
    if (kind === 'pattern' && event !== undefined)
      this.#problems.error(
        event.at,
        'wrong-type',
        'an alert of a pattern has no "event"',
        'write steps: { name: [1, 2] }',
      )
    if (kind === 'condition' && steps !== undefined)
      this.#problems.error(steps.at, 'wrong-type', 'an alert of a condition has no "steps"', 'write event: 1')
  }

  #key(key: ExpectedText['key']): string | undefined {
    if (key === undefined) return undefined
    const isFit = this.#keyType === undefined || convertValue(key.value.value, this.#keyType) !== undefined
    if (!isFit)
      this.#problems.error(
        key.at,
        'bad-value',
        `the key is ${this.#keyType?.kind}, not ${JSON.stringify(key.value.value)}`,
        this.#keyType?.kind === 'string' ? `put it in quotes: "${key.value.written}"` : 'write a whole number',
      )
    return String(key.value.value)
  }

  #eventId({ value, at }: Located<number>): string {
    if (value > this.#eventsCount)
      this.#problems.error(
        at,
        'out-of-bounds',
        `there is no event ${value}; the test has ${this.#eventsCount}`,
        'ids are positions in the list of events, from 1',
      )
    return String(value)
  }

  #steps(entries: readonly Entry<readonly Located<number>[]>[]): ReadonlyMap<string, readonly string[]> {
    const body = this.#rule?.body
    const known = body?.kind === 'pattern' ? body.steps : undefined
    return new Map(
      entries.map(({ key, value }) => {
        if (known !== undefined && !known.includes(key.value)) this.#reportUnknown(key, 'step', known)
        return [key.value, (value?.value ?? []).map((id) => this.#eventId(id))]
      }),
    )
  }

  #feature({ key, value }: Entry<YamlNode>): [string, { type: ValueType; value: Value | undefined }][] | undefined {
    const features = this.#rule?.features
    const feature = features?.find(({ name }) => name === key.value)
    if (feature === undefined) {
      if (features !== undefined)
        this.#reportUnknown(
          key,
          'feature',
          features.map(({ name }) => name),
        )
      return undefined
    }
    const { type } = feature
    if (value === undefined) return [[key.value, { type, value: undefined }]]
    const converted = convertValue(plainData(value.value), type)
    if (converted === undefined)
      this.#problems.error(
        value.at,
        'bad-value',
        `"${key.value}" is ${typeName(type)}, not ${describe(value.value)}`,
        typeHint(type),
      )
    return [[key.value, { type, value: converted }]]
  }

  #reportUnknown(name: Located<string>, what: string, known: readonly string[]): void {
    const near = nearest(name.value, known)
    this.#problems.error(
      name.at,
      `unknown-${what}`,
      `the rule has no ${what} "${name.value}"`,
      near === undefined ? `its ${what}s are ${known.join(', ') || 'none'}` : `did you mean "${near}"?`,
    )
  }
}
