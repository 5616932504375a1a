import { envelopeFields } from '#shared/domain/event-schema'
import { headOf, type NumberedStep } from './numbered-steps.ts'
import { reservedWords } from './reserved-words.ts'
import type { RuleContext } from './rule-context.ts'
import { placeName } from './rule-files.ts'
import type { RuleText } from './rule-shape.ts'
import type { Located } from './shape.ts'

/** In one rule no two of fields, features and steps are equal, since expressions name all three alike. */
export function checkRuleNames(
  text: RuleText,
  steps: readonly NumberedStep[],
  on: readonly number[],
  { events, problems }: RuleContext,
): void {
  const roots = new Set(
    on.flatMap((type) => events.types[type].fields).map(({ field }) => rootOf(events.fields[field].path)),
  )
  const features = new Map((text.features?.value ?? []).map(({ key }) => [key.value, key]))
  const check = (name: Located<string>, what: string, other: string): void => {
    if (reservedWords.has(name.value))
      problems.error(
        name.at,
        'reserved-name',
        `"${name.value}" is a word of the expression language`,
        rename(name.value),
      )
    else if (name.value === 'key' || envelopeFields.some((field) => field === name.value))
      problems.error(name.at, 'reserved-name', `"${name.value}" is a field of every event`, rename(name.value))
    else if (roots.has(name.value))
      problems.error(
        name.at,
        'duplicate-name',
        `the ${what} "${name.value}" has the name of a field`,
        rename(name.value),
      )
    else if (other !== '')
      problems.error(name.at, 'duplicate-name', `"${name.value}" is a feature too, see ${other}`, rename(name.value))
  }
  for (const name of features.values()) check(name, 'feature', '')
  for (const step of steps) {
    const { name } = headOf(step.text)
    const feature = name && features.get(name.value)
    if (name !== undefined) check(name, 'step', feature === undefined ? '' : placeName(feature.at))
  }
}

const rootOf = (path: string): string => path.split('.', 1)[0]

const rename = (name: string): string => `give it another name: my_${name}`
