import { limits } from '#shared/domain/limits'
import { dependsOnEventOnly, mayFault } from './analysis.ts'
import { type Expression, operands } from './expression.ts'

/**
 * Operations that judging an expression takes in the worst case: one for each comparison, calculation and function, for each element of a
 * list that is gone through. Reading a field or feature is part of what is done with it. The length of texts is not counted: a row bounds
 * it, and the program of a regular expression has a bound of its own.
 */
export const operationsOf = (e: Expression): number => count(e, () => false, -1)

/**
 * The same for a condition that is judged on a record: what depends on the event alone was judged when it came, and is one bit or column
 * of the record. What a step's aggregate reads of the run is not in here, as it grows with the run.
 */
export const operationsOnRecord = (e: Expression): number => count(e, isKept, -1)

/** @param innermost number of the macro variable that was bound last; -1: none */
function count(e: Expression, isInRecord: (e: Expression) => boolean, innermost: number): number {
  if (isInRecord(e)) return 1
  const inside = (operand: Expression): number => count(operand, isInRecord, innermost)
  switch (e.op) {
    case 'constant':
    case 'field':
    case 'envelope':
    case 'key':
    case 'feature':
    case 'variable':
      return 0
    case 'step-aggregate':
    case 'step-element':
      return 1
    case 'exists':
    case 'all':
    case 'exists-one': {
      const [list, body] = e.args
      return 1 + inside(list) + elementsMax(list, innermost) * (1 + count(body, isInRecord, e.variable))
    }
    case 'list':
      return sum(e.args.map(inside)) + e.args.length
    case 'in': {
      const [value, list] = e.args
      return 1 + inside(value) + inside(list) + (isHashed(list) ? 0 : elementsMax(list, innermost))
    }
    default:
      return 1 + sum(operands(e).map(inside)) + sum(operands(e).map((operand) => comparedElements(operand, innermost)))
  }
}

const isKept = (e: Expression): boolean =>
  e.op !== 'constant' && dependsOnEventOnly(e) && ((e.type.kind === 'bool' && !mayFault(e)) || holdsCollection(e))

const holdsCollection = (e: Expression): boolean => isCollection(e) || operands(e).some(holdsCollection)

const isCollection = ({ type }: Expression): boolean => type.kind === 'list' || type.kind === 'map'

const isHashed = (list: Expression): boolean => list.op === 'constant' || list.type.kind === 'map'

/** Comparing lists, or joining them, goes through them. */
const comparedElements = (e: Expression, innermost: number): number => (isCollection(e) ? elementsMax(e, innermost) : 0)

/** The most elements that a list can have. A row bounds those of the event: one takes two bytes at least, with its comma. */
function elementsMax(list: Expression, innermost: number): number {
  if (list.op === 'constant' && Array.isArray(list.value)) return list.value.length
  if (list.op === 'list') return list.args.length
  // The elements of all lists within a list are those of one row: gone through once each, they are counted with the list around them.
  if (list.op === 'variable' && list.variable === innermost) return 1
  return limits.rowBytesMax / 2
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
