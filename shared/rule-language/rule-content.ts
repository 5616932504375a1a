import type { Feature, Rule } from './rule-set.ts'
import type { RuleText } from './rule-shape.ts'
import { compareText } from './source-file.ts'

/**
 * What a rule says, in one form whatever its layout: comments, quotes, order of keys and units of durations are gone, defaults
 * are filled in. The version is its hash, so alerts of a rule keep their ids until the rule says something else.
 * Gotcha: expressions go in as written; another spacing is another version.
 */
export function ruleContent(
  text: RuleText,
  { on, features, body }: { on: readonly string[]; features: readonly Feature[]; body: Rule['body'] },
): string {
  const textOf = new Map((text.features?.value ?? []).map(({ key, value }) => [key.value, value?.value]))
  return JSON.stringify([
    1,
    text.rule?.value,
    text.title?.value,
    text.by?.value ?? 'account',
    on,
    text.where?.value.text,
    [...features]
      .sort((a, b) => compareText(a.name, b.name))
      .map(({ of: _of, where: _where, ...feature }) => {
        const written = textOf.get(feature.name)
        const of = feature.kind === 'count' || feature.kind === 'elapsed' ? undefined : written?.[feature.kind]
        return [feature, of?.value.text, written?.where?.value.text]
      }),
    text.when?.value.text,
    body.kind === 'pattern' ? [body.pattern, conditionTexts(text)] : undefined,
    text.score?.value,
    text.severity?.value,
    text.reason?.value,
    text.cooldown?.value ?? 0,
    text.message?.value.text,
  ])
}

type Steps = NonNullable<RuleText['pattern']>['value']

function conditionTexts({ pattern }: RuleText): readonly string[] {
  const ofSteps = (steps: Steps): string[] =>
    steps.flatMap(({ value }) => [
      ...[value.where, value.until].flatMap((condition) => (condition ? [condition.value.text] : [])),
      ...ofSteps(value.group?.value ?? []),
    ])
  return ofSteps(pattern?.value ?? [])
}
