import { TooManyWaysError } from '#shared/cep/automaton'
import { compile } from '#shared/cep/compile'
import type { Element, Pattern, Skip } from '#shared/cep/pattern'
import { checkPattern, type PatternProblem } from '#shared/cep/validity'
import { limits } from '#shared/domain/limits'
import type { Expression } from './expression.ts'
import { headOf, type NumberedStep } from './numbered-steps.ts'
import type { StepText } from './pattern-shape.ts'
import { checkText, type RuleContext } from './rule-context.ts'
import type { PatternBody } from './rule-set.ts'
import type { RuleText } from './rule-shape.ts'
import type { Scope } from './scope.ts'
import type { Located } from './shape.ts'
import type { ExpressionText } from './shape-scalars.ts'
import type { Place, Problems } from './source-file.ts'
import { warnOfStepsNotYetTaken } from './step-order.ts'

type Steps = readonly Located<StepText>[]

/**
 * Checks the pattern of a rule.
 * @param scope the rule's, with its steps
 * @returns undefined: it has errors
 */
export function loadPattern(
  text: RuleText,
  numbered: readonly NumberedStep[],
  scope: Scope,
  context: RuleContext,
): PatternBody | undefined {
  const { pattern, within, skip } = text
  if (pattern === undefined) return undefined
  const { problems } = context
  if (numbered.length > limits.stepsPerPatternMax)
    problems.error(
      pattern.at,
      'out-of-bounds',
      `the pattern has ${numbered.length} steps; at most ${limits.stepsPerPatternMax} are taken`,
      'a step that is repeated is written once, with times',
    )
  const loading = new PatternLoading(numbered, scope, context)
  const steps = loading.sequence(pattern.value)
  const body: Pattern = { steps, withinMs: within?.value ?? null, skip: skipOf(skip) }
  const states = statesOf(steps)
  if (states > limits.statesPerPatternMax) {
    problems.error(
      pattern.at,
      'out-of-bounds',
      `the rounds of its groups and steps multiply to ${states} states; at most ${limits.statesPerPatternMax} are taken`,
      'lower times of a group, or of the steps in it',
    )
    return undefined
  }
  const validity = checkPattern(body)
  for (const problem of validity.problems) {
    const step = stepAt(problem.path, pattern.value)
    if (isConsequence(problem, step?.value, text)) continue
    const at = step === undefined ? skip?.at : placeIn(step, problem)
    problems.error(at ?? pattern.at, problem.code, problem.message, problem.hint)
  }
  if (validity.problems.length === 0 && hasTooManyWays(body)) {
    problems.error(
      pattern.at,
      'out-of-bounds',
      `there are more than ${limits.waysPerPatternMax} ways through the pattern, as steps that may be left out follow each other in loops`,
      'leave out "optional" or "greedy" of some of them, or write several rules',
    )
    return undefined
  }
  if (validity.canBeEmpty)
    problems.warning(
      pattern.at,
      'can-be-empty',
      'the pattern could be satisfied without any event',
      'an empty match is never reported; make one of its steps not optional',
    )
  return { kind: 'pattern', pattern: body, steps: numbered.map(({ name }) => name), conditions: loading.conditions }
}

/** A step becomes a state for each of its rounds, a group all its states for each of its own. */
function statesOf(elements: readonly Element[]): number {
  return elements.reduce((sum, element) => {
    const { times } = element
    const rounds = times === null ? 1 : (times.to ?? times.from + 1)
    return sum + rounds * (element.kind === 'group' ? statesOf(element.steps) : 1)
  }, 0)
}

function hasTooManyWays(pattern: Pattern): boolean {
  try {
    compile(pattern, () => false)
    return false
  } catch (error) {
    if (!(error instanceof TooManyWaysError)) throw error
    return true
  }
}

class PatternLoading {
  readonly conditions: Expression[] = []
  readonly #numbered: readonly NumberedStep[]
  readonly #scope: Scope
  readonly #context: RuleContext

  constructor(numbered: readonly NumberedStep[], scope: Scope, context: RuleContext) {
    this.#numbered = numbered
    this.#scope = scope
    this.#context = context
  }

  sequence(steps: Steps): readonly Element[] {
    return steps.map((step, index) => {
      checkHead(step, index, this.#context.problems)
      return this.#element(step.value)
    })
  }

  #element(text: StepText): Element {
    const { name, contiguity } = headOf(text)
    if (text.group !== undefined) checkGroup(text, this.#context.problems)
    const where = text.group === undefined ? this.#condition(text.where, text) : -1
    const common = {
      name: name?.value ?? '',
      contiguity,
      times: text.times?.value ?? null,
      inner: text.inner?.value ?? 'relaxed',
      optional: text.optional?.value ?? false,
      greedy: text.greedy?.value ?? false,
      until: this.#condition(text.until, text),
      gapMs: text.gap?.value ?? null,
      withinMs: text.within?.value ?? null,
    } as const
    if (text.group === undefined) return { kind: 'step', ...common, where }
    return { kind: 'group', ...common, steps: this.sequence(text.group.value) }
  }

  /** @returns its number; -1 where there is none */
  #condition(text: Located<ExpressionText> | undefined, step: StepText): number {
    const checked = checkText(text, this.#scope, 'bool', this.#context)
    if (text === undefined || checked === undefined) return -1
    warnOfStepsNotYetTaken(text, checked, step, this.#numbered, this.#context.problems)
    return this.conditions.push(checked) - 1
  }
}

function checkHead({ value: text }: Located<StepText>, index: number, problems: Problems): void {
  const { contiguity, name } = headOf(text)
  if (name === undefined || (contiguity === 'begin') === (index === 0)) return
  if (index === 0)
    problems.error(
      name.at,
      'bad-begin',
      `a sequence opens with "begin", not with "${contiguity}"`,
      `write begin: ${name.value}`,
    )
  else
    problems.error(
      name.at,
      'bad-begin',
      '"begin" is for the first step only',
      `write followedBy: ${name.value}, or next: ${name.value} for the very next event`,
    )
}

function checkGroup(text: StepText, problems: Problems): void {
  const { contiguity, name } = headOf(text)
  for (const key of ['where', 'greedy', 'gap', 'within'] as const) {
    const written = text[key]
    if (written !== undefined)
      problems.error(
        written.at,
        'conflicting-keys',
        `a group has no "${key}"`,
        'write it on the steps inside the group',
      )
  }
  if (name !== undefined && contiguity.startsWith('not'))
    problems.error(
      name.at,
      'conflicting-keys',
      `"${contiguity}" takes one step, not a group`,
      'write it inside a group',
    )
}

function skipOf(skip: RuleText['skip']): Skip {
  if (skip === undefined) return { strategy: 'none' }
  if (typeof skip.value === 'string') return { strategy: skip.value }
  const onMissError = skip.value['on-miss'] !== undefined
  const first = skip.value['to-first']
  if (first !== undefined) return { strategy: 'to-first', step: first.value, onMissError }
  const last = skip.value['to-last']
  return last === undefined ? { strategy: 'none' } : { strategy: 'to-last', step: last.value, onMissError }
}

function stepAt(path: readonly number[], pattern: Steps): Located<StepText> | undefined {
  let steps: Steps | undefined = pattern
  let step: Located<StepText> | undefined
  for (const index of path) {
    step = steps?.[index]
    steps = step?.value.group?.value
  }
  return step
}

/** What a value that was refused would have settled is no second mistake. */
function isConsequence({ code }: PatternProblem, step: StepText | undefined, rule: RuleText): boolean {
  const isRefused = (key: 'times' | 'within', text: StepText | RuleText | undefined): boolean =>
    text?.written.has(key) === true && (text as Partial<StepText>)[key] === undefined
  if (code === 'until-without-loop') return isRefused('times', step)
  return code === 'trailing-notFollowedBy-without-window' && (isRefused('within', step) || isRefused('within', rule))
}

function placeIn({ value: text, at }: Located<StepText>, { code, message }: PatternProblem): Place {
  const head = headOf(text).name?.at ?? at
  switch (code) {
    case 'bad-times':
      return text.times?.at ?? head
    case 'until-without-loop':
      return text.until?.at ?? head
    case 'quantifier-on-negation':
      return text.times?.at ?? text.greedy?.at ?? head
    case 'optional-negation':
      return text.optional?.at ?? head
    case 'gap-longer-than-window':
      return (message.startsWith('"gap"') ? text.gap?.at : text.within?.at) ?? head
    default:
      return head
  }
}
