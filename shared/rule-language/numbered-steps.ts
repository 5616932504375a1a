import type { Contiguity } from '#shared/cep/pattern'
import { contiguities, type StepText } from './pattern-shape.ts'
import type { Located } from './shape.ts'

/** A step as it is numbered for expressions, with the groups around it from the outside in. */
export interface NumberedStep {
  readonly name: string
  readonly isNegation: boolean
  readonly text: StepText
  readonly groups: readonly StepText[]
}

/** Steps in order of their number: as written, those of groups in their place. */
export function numberSteps(
  steps: readonly Located<StepText>[],
  groups: readonly StepText[] = [],
): readonly NumberedStep[] {
  return steps.flatMap(({ value: text }): readonly NumberedStep[] => {
    if (text.group !== undefined) return numberSteps(text.group.value, [...groups, text])
    const { contiguity, name } = headOf(text)
    return [{ name: name?.value ?? '', isNegation: contiguity.startsWith('not'), text, groups }]
  })
}

/** The key that opens a step, with its name. Where there is none, which was reported, it passes as followedBy. */
export function headOf(text: StepText): { contiguity: Contiguity; name: Located<string> | undefined } {
  const contiguity = contiguities.find((key) => text[key] !== undefined)
  return { contiguity: contiguity ?? 'followedBy', name: contiguity && text[contiguity] }
}
