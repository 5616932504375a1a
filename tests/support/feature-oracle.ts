// What features are, worked out anew for every event from the sorted list of a key's events.
import { type BankEvent, bankRules, featuresRule } from './bank.ts'
import {
  add,
  compare,
  divide,
  type Fraction,
  fraction,
  fractionOf,
  multiply,
  nearestDouble,
  nearestRoot,
  sumOf,
} from './exact.ts'

/** A value that a feature can be asked of: as the rule writes it, and as a test reads it from a plain event. */
export interface Operand {
  readonly text: string
  readonly type: 'int' | 'money' | 'money<3>' | 'double' | 'duration' | 'timestamp' | 'string' | 'bool'
  /** In memory form; undefined: absent. */
  read(event: BankEvent): number | string | undefined
}

export interface Condition {
  readonly text: string
  holds(event: BankEvent): boolean
}

export interface OracleFeature {
  readonly kind:
    | 'count'
    | 'sum'
    | 'avg'
    | 'min'
    | 'max'
    | 'stddev'
    | 'distinct'
    | 'first'
    | 'last'
    | 'share'
    | 'elapsed'
  readonly of?: Operand
  /** Of `share`. */
  readonly holds?: Condition
  readonly where?: Condition
  readonly overMs?: number
  readonly delayMs?: number
  readonly events?: number
  readonly excludesCurrent?: boolean
}

export function featureText(feature: OracleFeature): string {
  const { kind, of, holds, where, overMs, delayMs, events, excludesCurrent } = feature
  const parts = [`${kind}: ${quoted(kind === 'count' || kind === 'elapsed' ? 'all' : (of ?? holds)!.text)}`]
  if (overMs !== undefined) parts.push(`over: ${overMs}ms`)
  if (delayMs !== undefined) parts.push(`delay: ${delayMs}ms`)
  if (events !== undefined) parts.push(`events: ${events}`)
  if (where !== undefined) parts.push(`where: ${quoted(where.text)}`)
  if (excludesCurrent === true) parts.push('current: exclude')
  return `{ ${parts.join(', ')} }`
}

const quoted = (text: string): string => (/^\w+$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`)

/** A rule set with one rule that computes these features, f0, f1, … */
export const ruleSetOf = (features: readonly OracleFeature[], lines = ''): ReturnType<typeof bankRules> =>
  bankRules({
    features: featuresRule(Object.fromEntries(features.map((feature, i) => [`f${i}`, featureText(feature)])), lines),
  })

/**
 * @param events all events of one key that the rule sees, in order
 * @param current index of the event being judged
 */
export function featureValue(feature: OracleFeature, events: readonly BankEvent[], current: number): unknown {
  const counted = events
    .slice(0, current + (feature.excludesCurrent === true || feature.kind === 'elapsed' ? 0 : 1))
    .filter((event) => feature.where?.holds(event) ?? true)
    .filter((event) => feature.of === undefined || feature.of.read(event) !== undefined)
  const { at } = events[current]
  const lastOf = feature.events === undefined ? counted : counted.slice(-feature.events)
  const end = at - (feature.delayMs ?? 0)
  const window = lastOf.filter(
    (event) => event.at <= end && event.at > end - (feature.overMs ?? Number.POSITIVE_INFINITY),
  )
  if (feature.kind === 'elapsed') return window.length === 0 ? undefined : at - window[window.length - 1].at
  return aggregate(feature, window)
}

function aggregate({ kind, of, holds }: OracleFeature, window: readonly BankEvent[]): unknown {
  if (kind === 'count') return window.length
  if (kind === 'share')
    return window.length === 0
      ? 0
      : nearestDouble(fraction(BigInt(window.filter((event) => holds!.holds(event)).length), BigInt(window.length)))
  const values = window.map((event) => of!.read(event) as number | string)
  if (kind === 'distinct') return new Set(values).size
  if (kind === 'first') return values[0]
  if (kind === 'last') return values[values.length - 1]
  const numbers = values as number[]
  if (kind === 'min') return numbers.length === 0 ? undefined : Math.min(...numbers)
  if (kind === 'max') return numbers.length === 0 ? undefined : Math.max(...numbers)
  const exact = numbers.map(fractionOf)
  const sum = sumOf(exact)
  if (kind === 'sum') return isOfType(of!.type, sum) ? nearestDouble(sum) : undefined
  // A deviation is no larger than the values, so it overflows only where an exact sum must fit its type.
  if (values.length === 0 || !(isOfType(of!.type, sum) || (kind === 'stddev' && of!.type === 'double')))
    return undefined
  const n = BigInt(values.length)
  const scale = of!.type === 'money' ? 100n : of!.type === 'money<3>' ? 1000n : 1n
  // Of doubles, the sum is rounded before the quotient is.
  if (kind === 'avg')
    return of!.type === 'double' ? nearestDouble(sum) / Number(n) : nearestDouble(divide(sum, n * scale))
  return nearestRoot(divide(divide(variance(exact, sum), scale), scale))
}

/** Mean square less squared mean. */
function variance(values: readonly Fraction[], sum: Fraction): Fraction {
  const n = BigInt(values.length)
  const mean = divide(sum, n)
  const meanSquare = divide(sumOf(values.map((value) => multiply(value, value))), n)
  return add(meanSquare, multiply(fraction(-1n), multiply(mean, mean)))
}

const largest: Readonly<Record<string, Fraction>> = {
  double: fractionOf(Number.MAX_VALUE),
  exact: fraction(BigInt(Number.MAX_SAFE_INTEGER)),
}

function isOfType(type: Operand['type'], sum: Fraction): boolean {
  const bound = type === 'double' ? largest['double'] : largest['exact']
  return compare(sum, bound) <= 0 && compare(multiply(sum, fraction(-1n)), bound) <= 0
}
