import type { EventSchema } from '../../shared/domain/event-schema.ts'
import { RuleFault } from '../../shared/domain/rule-fault.ts'
import {
  bool,
  double,
  duration,
  int,
  isNumeric,
  money,
  string,
  timestamp,
  type ValueType,
} from '../../shared/domain/value-type.ts'
import { checkExpression, type Expected } from '../../shared/rule-language/check-expression.ts'
import {
  collectionClosure,
  formatValue,
  type Leaves,
  numberClosure,
  textClosure,
} from '../../shared/rule-language/evaluate.ts'
import type { Expression } from '../../shared/rule-language/expression.ts'
import type { Scope } from '../../shared/rule-language/scope.ts'

const types: Readonly<Record<string, Readonly<Record<string, ValueType>>>> = {
  transaction: {
    account: string,
    amount: money(2),
    fee: money(2),
    dinar: money(3),
    channel: string,
    mcc: string,
    n: int,
    m: int,
    x: double,
    y: double,
    fraud: bool,
    cardPresent: bool,
    wait: duration,
    opened: timestamp,
    'merchant.id': string,
    'merchant.country': string,
    'location.lat': double,
    'location.lon': double,
    tags: { kind: 'list', element: string },
    amounts: { kind: 'list', element: money(2) },
    attributes: { kind: 'map', value: string },
  },
  transfer: { debtor: string, creditor: string, amount: double, account: string },
}

const schema: EventSchema = (() => {
  const fields: { path: string; type: ValueType }[] = []
  const declared = Object.entries(types).map(([name, paths]) => ({
    name,
    keys: [],
    fields: Object.entries(paths).map(([path, type]) => {
      const known = fields.findIndex((field) => field.path === path && field.type === type)
      return { field: known >= 0 ? known : fields.push({ path, type }) - 1, optional: true }
    }),
  }))
  return { fields, types: declared, keys: ['account'] }
})()

/** A rule on transactions with three features, and the steps of probe-then-strike with a negation between them. */
export const scope: Scope = {
  events: schema,
  on: [0],
  keyType: string,
  features: [
    { name: 'n_1h', type: int },
    { name: 'spend_1h', type: money(2) },
    { name: 'usual', type: double },
  ],
  steps: ['probe', '', 'strike'],
  lists: [
    { name: 'high-risk-mcc', type: string, entries: [{ value: '7995', untilMs: undefined }] },
    { name: 'round-amounts', type: money(2), entries: [{ value: 10_000, untilMs: undefined }] },
  ],
  elsewhere: new Map([['later', 'a step of the pattern that comes after this one']]),
}

/** Values by name, in their form in memory; what is not named is absent. Steps are lists of rows. */
export interface World {
  readonly [name: string]: unknown
}

export function problemsOf(text: string, expected: Expected = 'any', within: Partial<Scope> = {}) {
  return checkExpression(text, { ...scope, ...within }, expected).problems ?? []
}

export function checked(text: string, within: Partial<Scope> = {}): Expression {
  const { expression, problems } = checkExpression(text, { ...scope, ...within }, 'any')
  if (expression === undefined) throw new Error(`${text}: ${JSON.stringify(problems)}`)
  return expression
}

/** The value of an expression: NaN or undefined where absent, the reason of a fault. */
export function judged(text: string, world: World = {}): unknown {
  const e = checked(text)
  try {
    return closureOf(e, leavesOf(world))()
  } catch (error) {
    if (error instanceof RuleFault) return error.reason
    throw error
  }
}

export const shown = (text: string, world: World = {}): string => formatValue(judged(text, world), checked(text).type)

export function closureOf(e: Expression, leaves: Leaves): () => unknown {
  if (isNumeric(e.type)) return numberClosure(e, leaves)
  return e.type.kind === 'string' ? textClosure(e, leaves) : collectionClosure(e, leaves)
}

export function leavesOf(world: World): Leaves {
  const read = (e: Expression) => () => leafValue(e, world)
  return {
    number: (e) => () => Number(leafValue(e, world) ?? Number.NaN),
    text: (e) => read(e) as () => string | undefined,
    collection: read,
    list: (list) => (value) => scope.lists[list].entries.some((entry) => entry.value === value),
  }
}

/** Leaves, read in the plainest way. */
export function leafValue(e: Expression, world: World): unknown {
  switch (e.op) {
    case 'field':
      return world[schema.fields[e.field].path]
    case 'envelope':
      return world[e.name]
    case 'key':
      return world['key']
    case 'feature':
      return world[scope.features[e.feature].name]
    case 'step-element': {
      const taken = rowsOf(e.step, world)
      const row = e.which === 'first' ? taken[0] : e.which === 'last' ? taken.at(-1) : taken[e.which]
      return row && leafValue(e.of, row)
    }
    case 'step-aggregate': {
      const taken = rowsOf(e.step, world)
      const values = taken.map((row) => Number(e.of && leafValue(e.of, row)))
      const sum = values.reduce((a, b) => a + b, 0)
      if (e.kind === 'count') return taken.length
      if (e.kind === 'sum') return sum
      if (taken.length === 0) return Number.NaN
      if (e.kind === 'avg') return sum / taken.length / (e.of?.type.kind === 'money' ? 10 ** e.of.type.decimals : 1)
      return e.kind === 'min' ? Math.min(...values) : Math.max(...values)
    }
    default:
      throw new Error(`${e.op} is no leaf`)
  }
}

const rowsOf = (step: number, world: World): readonly World[] => (world[scope.steps[step]] ?? []) as readonly World[]
