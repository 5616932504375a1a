import { sha256Hex } from '#shared/domain/digest'
import type { EventSchema } from '#shared/domain/event-schema'
import { limits } from '#shared/domain/limits'
import type { Diagnostic } from './diagnostic.ts'
import { loadEvents } from './load-events.ts'
import { loadLists } from './load-list.ts'
import { type LoadedRule, loadRule } from './load-rule.ts'
import { loadScenarios, type WrittenRules } from './load-scenario.ts'
import { parseYaml } from './parse-yaml.ts'
import type { RuleContext } from './rule-context.ts'
import { folderOf, placeName, type RuleFiles, sortFiles } from './rule-files.ts'
import type { NamedList, RuleSet, Scenario } from './rule-set.ts'
import { type ReadRule, ruleShape } from './rule-shape.ts'
import type { Located } from './shape.ts'
import { compareText, Problems, SourceFile } from './source-file.ts'

/**
 * Checks a rule set in full.
 * @param files text by path relative to the rule set's folder, with `/`; all files there may be given, others are ignored
 * @returns no rule set if there is any error; all mistakes of all files, by file and place. Never throws for what a file holds.
 */
export function loadRuleSet(files: ReadonlyMap<string, string>): {
  readonly ruleSet: RuleSet | undefined
  readonly diagnostics: readonly Diagnostic[]
} {
  const problems = new Problems()
  const { ruleSet } = readRuleSet(sortFiles(files, problems), problems)
  return { ruleSet: problems.hasErrors ? undefined : ruleSet, diagnostics: problems.sorted() }
}

/** A rule set as far as it can be told; whoever runs it asks for errors first. */
export interface ReadRuleSet {
  readonly ruleSet: RuleSet
  /** Whether a rule of this name is written, with errors perhaps. */
  isWritten(rule: string): boolean
  /** False: what the set does not declare may stand in events.yaml, where it could not be read. */
  readonly isWhole: boolean
}

export function readRuleSet(files: RuleFiles, problems: Problems): ReadRuleSet {
  if (files.events === undefined)
    problems.error(
      new SourceFile('events.yaml', '').at(0),
      'missing-file',
      'the rule set has no events.yaml',
      'it declares the types of events, their fields and keys',
    )
  const events = loadEvents(files.events, problems)
  const lists = loadLists(files.lists, problems)
  const context = { events: events.schema, lists, problems, isMistake: () => events.isWhole }
  const { loaded, written } = loadRules(files.rules, context)
  const ofSet = loaded.map(({ rule, file }) => ({ name: rule.name, file }))
  const scenarios = loadScenarios(files.scenarios, ofSet, written, problems)
  const scenarioOf = new Map(scenarios.flatMap(({ rules }, scenario) => rules.map((rule) => [rule, scenario])))
  const rules = loaded.map(({ rule }) => rule)
  const ruleSet = {
    hash: contentHash(events.schema, lists, rules, scenarios),
    events: events.schema,
    lists,
    rules: rules.map(({ content: _content, ...rule }, i) => ({ ...rule, scenario: scenarioOf.get(i) })),
    scenarios,
  }
  return { ruleSet, isWritten: (rule) => written.names.has(rule), isWhole: events.isWhole }
}

interface LoadedRules {
  /** By name. */
  readonly loaded: readonly { readonly rule: LoadedRule; readonly file: SourceFile }[]
  readonly written: WrittenRules
}

function loadRules(files: readonly SourceFile[], context: RuleContext): LoadedRules {
  const { problems } = context
  if (files.length > limits.rulesMax)
    problems.error(
      files[limits.rulesMax].at(0),
      'out-of-bounds',
      `the set has ${files.length} rules; at most ${limits.rulesMax} are taken`,
      'merge rules that differ in a number only',
    )
  const names = new Map<string, Located<string>>()
  const loaded: { rule: LoadedRule; file: SourceFile }[] = []
  for (const file of files.slice(0, limits.rulesMax)) {
    const root = parseYaml(file, problems)
    const text = root && ruleShape.read(root, problems)
    if (text === undefined) continue
    reportDuplicate(text, names, problems)
    const rule = loadRule(text, context)
    if (rule !== undefined) loaded.push({ rule, file })
  }
  loaded.sort((a, b) => compareText(a.rule.name, b.rule.name))
  return { loaded, written: { names: new Set(names.keys()), folders: new Set(files.map(folderOf)) } }
}

function reportDuplicate({ value }: ReadRule, names: Map<string, Located<string>>, problems: Problems): void {
  const name = value.rule
  if (name === undefined) return
  const before = names.get(name.value)
  if (before === undefined) names.set(name.value, name)
  else
    problems.error(
      name.at,
      'duplicate-name',
      `another rule is called "${name.value}"`,
      `it stands at ${placeName(before.at)}; rename one of them`,
    )
}

/** Over all that decides results. Names of files, comments and layout do not. */
function contentHash(
  events: EventSchema,
  lists: readonly NamedList[],
  rules: readonly LoadedRule[],
  scenarios: readonly Scenario[],
): string {
  const byValue = lists.map(({ entries, ...list }) => [
    list,
    entries
      .map(({ value, untilMs }) => [value, untilMs ?? null] as const)
      .sort(([a], [b]) => (typeof a === 'number' && typeof b === 'number' ? a - b : compareText(String(a), String(b)))),
  ])
  const byName = [...scenarios]
    .sort((a, b) => compareText(a.name, b.name))
    .map((scenario) => ({ ...scenario, rules: scenario.rules.map((rule) => rules[rule].name).sort(compareText) }))
  return sha256Hex(JSON.stringify([1, events, byValue, rules.map(({ content }) => content), byName]))
}
