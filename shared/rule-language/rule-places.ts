import { headOf } from './numbered-steps.ts'
import type { StepText } from './pattern-shape.ts'
import type { RulePlaces, SourcePosition, StepPlaces } from './rule-set.ts'
import type { RuleText } from './rule-shape.ts'
import type { Located } from './shape.ts'
import type { Place } from './source-file.ts'

/** Where the parts of a rule without mistakes stand, for whoever has something to say about them later. */
export function placesOf({ value, at }: Located<RuleText>): RulePlaces {
  return {
    file: at.file.name,
    rule: positionOf(value.rule?.at ?? at),
    where: value.where && positionOf(value.where.at),
    features: (value.features?.value ?? []).map(({ key }) => positionOf(key.at)),
    body: positionOf((value.when ?? value.pattern)?.at ?? at),
    steps: (value.pattern?.value ?? []).map(stepPlaces),
    message: value.message && positionOf(value.message.at),
  }
}

const stepPlaces = ({ value: text, at }: Located<StepText>): StepPlaces => ({
  step: positionOf(headOf(text).name?.at ?? at),
  times: text.times && positionOf(text.times.at),
  where: text.where && positionOf(text.where.at),
  until: text.until && positionOf(text.until.at),
  steps: (text.group?.value ?? []).map(stepPlaces),
})

const positionOf = ({ file, offset }: Place): SourcePosition => file.position(offset)
