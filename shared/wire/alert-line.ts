import type { AlertRevision } from '#shared/actor/alert'
import { formatTimestamp } from '#shared/domain/time'
import { jsonValue } from '#shared/rule-language/evaluate'
import type { Rule, RuleSet } from '#shared/rule-language/rule-set'

/**
 * Makes the line of JSON for a revision of an alert: the alert line of the command line, the HTTP API and the streams.
 * What a rule says of all its alerts is written once, here.
 */
export function alertLines(ruleSet: RuleSet): (revision: AlertRevision) => string {
  const ofRule = ruleSet.rules.map((rule) => {
    const json = JSON.stringify
    const features = featuresObject(rule)
    const start = `,"rule":${json(rule.name)},"version":${json(rule.version)},"by":${json(ruleSet.events.keys[rule.by])},"key":`
    const middle =
      `,"score":${rule.score},"severity":${json(rule.severity)}` +
      (rule.reason === undefined ? '' : `,"reason":${json(rule.reason)}`)
    const end = rule.scenario === undefined ? '}' : `,"scenario":${json(ruleSet.scenarios[rule.scenario].name)}}`
    return ({ id, revision, status, hit }: AlertRevision): string => {
      const found =
        hit.steps === undefined ? `,"event":${json(hit.eventId)}` : `,"steps":${stepsObject(rule, hit.steps)}`
      const message = hit.message === undefined ? '' : `,"message":${json(hit.message)}`
      return (
        `{"id":"${id}"${start}${json(hit.actor.key)},"at":"${formatTimestamp(hit.at)}"${found},"features":${features(hit.features)}` +
        `${middle}${message},"revision":${revision},"status":"${status}"${end}`
      )
    }
  })
  return (revision) => ofRule[revision.hit.rule](revision)
}

/** Makes the object of a rule's features by name; what is absent is left out. */
export function featuresObject(rule: Rule): (values: readonly (number | string | undefined)[]) => string {
  const members = rule.features.map(({ name, type }) => ({ start: `${JSON.stringify(name)}:`, type }))
  return (values) => {
    let text = ''
    for (let i = 0; i < members.length; i++) {
      const value = jsonValue(values[i], members[i].type)
      if (value !== undefined) text += `${text === '' ? '' : ','}${members[i].start}${value}`
    }
    return `{${text}}`
  }
}

/** Steps in the pattern's order; one that took nothing is left out. */
function stepsObject(rule: Rule, steps: readonly (readonly string[])[]): string {
  const names = rule.body.kind === 'pattern' ? rule.body.steps : []
  const taken = names.flatMap((name, i) =>
    steps[i].length === 0 ? [] : [`${JSON.stringify(name)}:${JSON.stringify(steps[i])}`],
  )
  return `{${taken.join()}}`
}
