import type { AlertRevision } from '#shared/actor/alert'
import { formatTimestamp } from '#shared/domain/time'
import { jsonValue } from '#shared/rule-language/evaluate'
import type { Rule, RuleSet } from '#shared/rule-language/rule-set'

/** One revision of an alert as a line of JSON: the alert line of the command line, the HTTP API and the streams. */
export function alertLine(ruleSet: RuleSet, { id, revision, status, hit }: AlertRevision): string {
  const rule = ruleSet.rules[hit.rule]
  const scenario = rule.scenario === undefined ? undefined : ruleSet.scenarios[rule.scenario].name
  return object([
    ['id', JSON.stringify(id)],
    ['rule', JSON.stringify(rule.name)],
    ['version', JSON.stringify(rule.version)],
    ['by', JSON.stringify(ruleSet.events.keys[hit.actor.population])],
    ['key', JSON.stringify(hit.actor.key)],
    ['at', JSON.stringify(formatTimestamp(hit.at))],
    hit.steps === undefined ? ['event', JSON.stringify(hit.eventId)] : ['steps', stepsObject(rule, hit.steps)],
    ['features', featuresObject(rule, hit.features)],
    ['score', String(rule.score)],
    ['severity', JSON.stringify(rule.severity)],
    ['reason', JSON.stringify(rule.reason)],
    ['message', JSON.stringify(hit.message)],
    ['revision', String(revision)],
    ['status', JSON.stringify(status)],
    ['scenario', JSON.stringify(scenario)],
  ])
}

/** A rule's features by name; what is absent is left out. */
export function featuresObject(rule: Rule, values: readonly (number | string | undefined)[]): string {
  return object(rule.features.map(({ name, type }, i) => [name, jsonValue(values[i], type)]))
}

/** Steps in the pattern's order; one that took nothing is left out. */
function stepsObject(rule: Rule, steps: readonly (readonly string[])[]): string {
  const names = rule.body.kind === 'pattern' ? rule.body.steps : []
  return object(names.map((name, i) => [name, steps[i].length === 0 ? undefined : JSON.stringify(steps[i])]))
}

/** An object of texts that are JSON already; undefined ones are left out. */
export function object(members: readonly (readonly [string, string | undefined])[]): string {
  let text = ''
  for (const [name, value] of members)
    if (value !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${value}`
  return `{${text}}`
}
