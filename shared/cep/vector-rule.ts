import type { VectorPattern, VectorStep } from './vector-format.ts'

/** A rule as its file would parse. */
export type PlainRule = Readonly<Record<string, unknown>>

/** Writes a vector's pattern as a rule on the type `event` by `key`. It changes names and forms; what they mean is the rule's business. */
export function ruleOf(pattern: VectorPattern, names: StepNames): PlainRule {
  const { skip } = pattern
  return defined({
    rule: 'vector',
    by: 'key',
    on: 'event',
    pattern: sequenceOf(pattern.steps, names, lastGap(pattern)),
    within: duration(windowOf(pattern)),
    skip: skip && skipOf(skip, names),
    score: 50,
    severity: 'low',
  })
}

/** The window of a pattern is the smallest given anywhere in it; 0: none. */
export function windowOf({ within, steps }: VectorPattern): number {
  const limits = [within, ...allSteps(steps).map((step) => step.within)].flatMap((limit) =>
    limit?.kind === 'first-last' ? [limit.ms] : [],
  )
  return limits.length === 0 ? 0 : Math.min(...limits)
}

/**
 * What the steps are called in the rule. Names that a rule can have stay; free text (`b*`, `not c`), words of the language and names of
 * fields give way. A name that stands twice does so in the rule, too: telling that is the rule language's business.
 */
export class StepNames {
  readonly #inRule = new Map<string, string>()
  readonly #inVector = new Map<string, string>()
  readonly #taken: Set<string>

  /** @param taken what a step may not be called */
  constructor({ steps }: VectorPattern, taken: Iterable<string>) {
    this.#taken = new Set(taken)
    const names = new Set(allSteps(steps).flatMap(({ name }) => (name === undefined ? [] : [name])))
    const canStay = (name: string): boolean => identifier.test(name) && !this.#taken.has(name)
    const staying = [...names].filter(canStay)
    // First, so that no other name becomes one of them.
    for (const name of staying) this.#give(name, name)
    for (const name of names) if (!staying.includes(name)) this.#give(name, this.fresh(name))
  }

  /** @returns for a name that no step has: one that no step of the rule has either */
  inRule(name: string): string {
    return this.#inRule.get(name) ?? this.fresh(name)
  }

  inVector(name: string): string {
    return this.#inVector.get(name) ?? name
  }

  /** A name that is not in use, like this one. */
  fresh(like: string): string {
    const word = like.replace(/\W+/g, '_').replace(/^(?=\d|$)/, '_')
    let name = word
    for (let number = 2; this.#taken.has(name); number++) name = `${word}_${number}`
    this.#taken.add(name)
    return name
  }

  /** Those that are called otherwise in the rule, longest first. */
  get changed(): readonly string[] {
    return [...this.#inRule]
      .flatMap(([name, other]) => (name === other ? [] : [name]))
      .sort((a, b) => b.length - a.length)
  }

  #give(name: string, inRule: string): void {
    this.#taken.add(inRule)
    this.#inRule.set(name, inRule)
    this.#inVector.set(inRule, name)
  }
}

const identifier = /^[A-Za-z_]\w*$/

function sequenceOf(steps: readonly VectorStep[], names: StepNames, gapOfLast?: string): PlainRule[] {
  return steps.map((step, index) => {
    const contiguity = index === 0 ? 'begin' : (step.contiguity ?? 'followedBy')
    const { name, where, times, inner, until, within, group } = step
    return defined({
      [contiguity]: name === undefined ? names.fresh('group') : names.inRule(name),
      group: group && sequenceOf(group, names),
      where: where === undefined ? undefined : conditionOf(where, names),
      times: times && timesOf(times),
      inner,
      optional: step.optional === true || undefined,
      greedy: step.greedy === true || undefined,
      until: until === undefined ? undefined : conditionOf(until, names),
      gap: duration(times?.withinMs),
      within:
        (within?.kind === 'previous-current' ? duration(within.ms) : undefined) ??
        (index === steps.length - 1 ? gapOfLast : undefined),
    })
  })
}

/** Given for the whole, a limit since the previous event belongs to the step at which the pattern was complete: the last one. */
const lastGap = ({ within }: VectorPattern): string | undefined =>
  within?.kind === 'previous-current' ? duration(within.ms) : undefined

function skipOf({ strategy, step = '', onMiss }: NonNullable<VectorPattern['skip']>, names: StepNames): unknown {
  if (strategy === 'pastLast') return 'past-last'
  if (strategy !== 'first' && strategy !== 'last') return strategy
  return defined({ [`to-${strategy}`]: names.inRule(step), 'on-miss': onMiss === 'error' ? onMiss : undefined })
}

function timesOf({ from, to }: NonNullable<VectorStep['times']>): number | string {
  if (to === null) return `${from}+`
  return from === to ? from : `${from}..${to}`
}

const duration = (ms: number | undefined): string | undefined => (ms === undefined || ms === 0 ? undefined : `${ms}ms`)

/** The event's fields lose their `e.`, and steps get their names in the rule. What stands in quotes is left alone. */
function conditionOf(text: string, names: StepNames): string {
  const quoted = String.raw`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`
  const ofEvent = String.raw`\bnow\(\)|(?<!\b(?:sum|count)\()\be\.(?:type\b|(?=\w))|\.type\b`
  // A step stands inside a call, or before an index.
  const steps = names.changed
    .map((name) => name.replace(/[^\w ]/g, '\\$&'))
    .map((name) => String.raw`(?<=\w\(\s*)${name}(?=\s*[.)[])|(?<!\w)${name}(?=\[)`)
  const parts = new RegExp([quoted, ofEvent, ...steps].join('|'), 'g')
  return text.replace(parts, (part) => renamedParts.get(part) ?? (/^["']/.test(part) ? part : names.inRule(part)))
}

const renamedParts: ReadonlyMap<string, string> = new Map([
  ['now()', 'now'],
  ['e.', ''],
  ['e.type', 'kind'],
  ['.type', '.kind'],
])

function allSteps(steps: readonly VectorStep[]): readonly VectorStep[] {
  return steps.flatMap((step) => [step, ...allSteps(step.group ?? [])])
}

/** Without what is undefined: an absent key is no key of a file. */
function defined(object: PlainRule): PlainRule {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
