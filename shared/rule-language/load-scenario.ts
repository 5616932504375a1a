import { nearest } from './diagnostic.ts'
import { parseYaml } from './parse-yaml.ts'
import { folderOf, placeName } from './rule-files.ts'
import { outcomes, type Scenario } from './rule-set.ts'
import { scenarioShape } from './scenario-shape.ts'
import type { Infer, Located } from './shape.ts'
import type { Place, Problems, SourceFile } from './source-file.ts'

type ScenarioText = Located<Infer<typeof scenarioShape>>

/** Rules of the set by their index; `file` decides which scenario has them by default. */
export interface RuleOfSet {
  readonly name: string
  readonly file: SourceFile
}

/** Rules that are there, with errors perhaps: a scenario that counts on one makes no mistake. */
export interface WrittenRules {
  readonly names: ReadonlySet<string>
  readonly folders: ReadonlySet<string>
}

export function loadScenarios(
  files: readonly SourceFile[],
  rules: readonly RuleOfSet[],
  written: WrittenRules,
  problems: Problems,
): readonly Scenario[] {
  const loading = new ScenariosLoading(rules, written, problems)
  for (const file of files) {
    const root = parseYaml(file, problems)
    const text = root && scenarioShape.read(root, problems)
    if (text !== undefined) loading.add(text)
  }
  return loading.scenarios
}

class ScenariosLoading {
  readonly scenarios: Scenario[] = []
  readonly #rules: readonly RuleOfSet[]
  readonly #written: WrittenRules
  readonly #problems: Problems
  readonly #names = new Map<string, Place>()
  readonly #owners = new Map<number, { readonly scenario: string; readonly at: Place }>()

  constructor(rules: readonly RuleOfSet[], written: WrittenRules, problems: Problems) {
    this.#rules = rules
    this.#written = written
    this.#problems = problems
  }

  add({ value: text, at }: ScenarioText): void {
    const name = text.scenario
    if (name === undefined) return
    const before = this.#names.get(name.value)
    if (before !== undefined)
      this.#problems.error(
        name.at,
        'duplicate-name',
        `another scenario is called "${name.value}"`,
        `it stands at ${placeName(before)}; rename one of them`,
      )
    this.#names.set(name.value, before ?? name.at)
    const rules = this.#rulesOf(text, at).filter((rule) => this.#claim(rule.index, name.value, rule.at))
    this.scenarios.push({
      name: name.value,
      title: text.title?.value ?? name.value,
      rules: [...new Set(rules.map(({ index }) => index))],
      typologies: (text.typologies?.value ?? []).map(({ value }) => value),
      combine: text.combine?.value ?? 'sum',
      alertThreshold: text.thresholds?.value.alert?.value ?? 0,
      outcomes: this.#outcomesOf(text),
    })
  }

  #rulesOf(text: ScenarioText['value'], at: Place): { index: number; at: Place }[] {
    if (text.rules === undefined) {
      const found = this.#rules.flatMap(({ file }, index) =>
        folderOf(file) === folderOf(at.file) ? [{ index, at }] : [],
      )
      if (found.length === 0 && !this.#written.folders.has(folderOf(at.file)))
        this.#problems.error(
          at,
          'unknown-rule',
          'the scenario has no rules: none stands in its folder',
          'add rules: [name]',
        )
      return found
    }
    return text.rules.value.flatMap((name) => {
      const index = this.#rules.findIndex((rule) => rule.name === name.value)
      if (index >= 0) return [{ index, at: name.at }]
      if (this.#written.names.has(name.value)) return []
      const near = nearest(
        name.value,
        this.#rules.map((rule) => rule.name),
      )
      this.#problems.error(
        name.at,
        'unknown-rule',
        `there is no rule "${name.value}"`,
        near === undefined ? 'rules are named by their key "rule", not by their file' : `did you mean "${near}"?`,
      )
      return []
    })
  }

  #claim(index: number, scenario: string, at: Place): boolean {
    const owner = this.#owners.get(index)
    if (owner === undefined) {
      this.#owners.set(index, { scenario, at })
      return true
    }
    const { name } = this.#rules[index]
    this.#problems.error(
      at,
      'rule-in-two-scenarios',
      `"${name}" is in the scenario "${owner.scenario}" already`,
      `see ${placeName(owner.at)}; name it in one of the two only`,
    )
    return false
  }

  #outcomesOf({ thresholds }: ScenarioText['value']): Scenario['outcomes'] {
    const given = outcomes.flatMap((outcome) => {
      const threshold = outcome === 'allow' ? undefined : thresholds?.value[outcome]
      return threshold === undefined ? [] : [{ outcome, threshold: threshold.value, at: threshold.at }]
    })
    given.forEach(({ outcome, threshold, at }, i) => {
      const milder = given[i - 1]
      if (milder !== undefined && threshold < milder.threshold)
        this.#problems.error(
          at,
          'falling-thresholds',
          `${outcome} is graver than ${milder.outcome}, but is reached before it (${threshold} < ${milder.threshold})`,
          `write ${outcome}: ${milder.threshold} or more, or lower ${milder.outcome}`,
        )
    })
    return given.map(({ outcome, threshold }) => ({ outcome, threshold }))
  }
}
