import { limits } from '#shared/domain/limits'
import { formatDuration } from '#shared/domain/time'
import { double, duration, int, typeName, type ValueType } from '#shared/domain/value-type'
import type { Expression } from './expression.ts'
import { checkText, type RuleContext } from './rule-context.ts'
import type { Feature, FeatureKind } from './rule-set.ts'
import { aggregates, type FeatureText } from './rule-shape.ts'
import type { Scope } from './scope.ts'
import type { Located } from './shape.ts'
import type { ExpressionText } from './shape-scalars.ts'

/**
 * Checks one feature and gives it its type.
 * @returns undefined: it has errors that leave its type open
 */
export function loadFeature(
  name: string,
  text: Located<FeatureText>,
  scope: Scope,
  context: RuleContext,
): Feature | undefined {
  const kinds = aggregates.filter((kind) => text.value[kind] !== undefined)
  const where = checkText(text.value.where, scope, 'bool', context)
  const kind = kinds[0]
  if (kinds.length !== 1) return undefined
  checkWindow(kind, text, context)
  const of = argumentOf(kind, text.value, scope, context)
  const type = resultType(kind, of)
  if (type === undefined) return undefined
  return {
    name,
    kind,
    of,
    where,
    overMs: text.value.over?.value,
    delayMs: text.value.delay?.value ?? 0,
    events: text.value.events?.value,
    excludeCurrent: text.value.current?.value === 'exclude',
    type,
  }
}

/** What each aggregate may be asked of; undefined: any single value. */
const takes: Readonly<Partial<Record<FeatureKind, readonly ValueType['kind'][]>>> = {
  sum: ['int', 'double', 'money', 'duration'],
  avg: ['int', 'double', 'money'],
  stddev: ['int', 'double', 'money'],
  min: ['int', 'double', 'money', 'timestamp', 'duration'],
  max: ['int', 'double', 'money', 'timestamp', 'duration'],
}

function argumentOf(kind: FeatureKind, text: FeatureText, scope: Scope, context: RuleContext): Expression | undefined {
  if (kind === 'count' || kind === 'elapsed') return undefined
  const argument = text[kind] as Located<ExpressionText> | undefined
  const of = checkText(argument, scope, kind === 'share' ? 'bool' : 'scalar', context)
  const kinds = takes[kind]
  if (argument === undefined || of === undefined || kinds === undefined || kinds.includes(of.type.kind)) return of
  context.problems.error(
    argument.at,
    'type-mismatch',
    `${kind} is not known for ${typeName(of.type)}, only for ${kinds.join(', ')}`,
    of.type.kind === 'bool'
      ? `for the fraction of such events use share: ${argument.value.text}`
      : `for the number of different values use distinct: ${argument.value.text}`,
  )
  return undefined
}

function resultType(kind: FeatureKind, of: Expression | undefined): ValueType | undefined {
  switch (kind) {
    case 'count':
    case 'distinct':
      return int
    case 'avg':
    case 'stddev':
    case 'share':
      return double
    case 'elapsed':
      return duration
    default:
      return of?.type
  }
}

function checkWindow(kind: FeatureKind, { value, at }: Located<FeatureText>, { problems }: RuleContext): void {
  const { over, events, delay } = value
  if (kind === 'elapsed') {
    for (const [key, written] of [
      ['delay', delay],
      ['events', events],
    ] as const)
      if (written !== undefined)
        problems.error(written.at, 'conflicting-keys', `elapsed has no "${key}"`, 'it looks at the previous event only')
    return
  }
  if (!value.written.has('over') && !value.written.has('events'))
    problems.error(at, 'missing-key', `${kind} needs a window`, 'add over: 1h, or events: 10 for the last ten')
  if (delay !== undefined && !value.written.has('over'))
    problems.error(
      delay.at,
      'conflicting-keys',
      '"delay" shifts a window of time, and there is none',
      'add over: 1h, or leave "delay" out',
    )
  const reachMs = (over?.value ?? 0) + (delay?.value ?? 0)
  if (delay !== undefined && reachMs > limits.windowMsMax)
    problems.error(
      delay.at,
      'out-of-bounds',
      `"over" and "delay" reach back ${formatDuration(reachMs)}; at most ${formatDuration(limits.windowMsMax)} are kept`,
      'shorten one of them',
    )
}
