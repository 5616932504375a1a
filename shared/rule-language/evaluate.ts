import { isNumeric } from '#shared/domain/value-type'
import { arithmeticClosure, isArithmetic } from './arithmetic-closures.ts'
import { callCollection, callNumber, callText } from './call-closures.ts'
import type { Closures, CollectionClosure, Leaves, NumberClosure, TextClosure } from './closures.ts'
import { comparisonClosure, isComparison } from './comparison-closures.ts'
import type { Expression } from './expression.ts'
import { macroClosure, membershipClosure } from './membership-closures.ts'
import { compilePattern } from './regular-expression.ts'

export type { Leaves } from './closures.ts'
export { formatValue, jsonValue } from './format-value.ts'

/**
 * Makes a closure of a checked expression. Values and absence have the forms of `value-type.ts`; bools are 0, 1 or NaN.
 * A closure throws a `RuleFault` (overflow, division by zero, bad conversion) and nothing else; absent operands never fault, they spread.
 * No text is ever compiled: rules are data.
 * Gotcha: closures of macros keep the element in a slot of their own, so one closure must not be entered again while it runs.
 */
export const numberClosure = (e: Expression, leaves: Leaves): NumberClosure => new Compiler(leaves).number(e)

/** For expressions of type string. */
export const textClosure = (e: Expression, leaves: Leaves): TextClosure => new Compiler(leaves).text(e)

/** For lists and maps. */
export const collectionClosure = (e: Expression, leaves: Leaves): CollectionClosure =>
  new Compiler(leaves).collection(e)

/** The value of an expression whose leaves are constants, or undefined where it is absent. Throws `RuleFault`. */
export function constantValue(e: Expression): unknown {
  const value = new Compiler(noLeaves).any(e)()
  return typeof value === 'number' && Number.isNaN(value) ? undefined : value
}

const noLeaf = (e: Expression): never => {
  throw new TypeError(`a constant expression holds a ${e.op}`)
}
const noLeaves: Leaves = { number: noLeaf, text: noLeaf, collection: noLeaf, list: () => () => false }

class Compiler implements Closures {
  readonly leaves: Leaves
  readonly slots: unknown[] = []
  #macroDepth = 0

  constructor(leaves: Leaves) {
    this.leaves = leaves
  }

  number(e: Expression): NumberClosure {
    return this.#override(e) ?? this.#number(e)
  }

  text(e: Expression): TextClosure {
    return (this.#macroDepth === 0 ? this.leaves.overrideText?.(e) : undefined) ?? this.#text(e)
  }

  #text(e: Expression): TextClosure {
    switch (e.op) {
      case 'constant': {
        const text = String(e.value)
        return () => text
      }
      case 'variable':
        return this.#slot<string | undefined>(e.variable)
      case 'conditional': {
        const condition = this.number(e.args[0])
        const then = this.text(e.args[1])
        const otherwise = this.text(e.args[2])
        return () => (condition() === 1 ? then() : otherwise())
      }
      case 'index':
        return this.#index<string | undefined>(e.args[0], e.args[1], undefined)
      case 'call':
        return callText(this, e)
      default:
        return this.leaves.text(e)
    }
  }

  collection(e: Expression): CollectionClosure {
    switch (e.op) {
      case 'constant': {
        const { value } = e
        return () => value
      }
      case 'variable':
        return this.#slot<unknown>(e.variable)
      case 'conditional': {
        const condition = this.number(e.args[0])
        const then = this.collection(e.args[1])
        const otherwise = this.collection(e.args[2])
        return () => (condition() === 1 ? then() : otherwise())
      }
      case 'index':
        return this.#index<unknown>(e.args[0], e.args[1], undefined)
      case 'list':
        return this.#list(e.args)
      case 'call':
        return callCollection(this, e)
      default:
        return this.leaves.collection(e)
    }
  }

  any(e: Expression): () => unknown {
    if (isNumeric(e.type)) return this.number(e)
    return e.type.kind === 'string' ? this.text(e) : this.collection(e)
  }

  /** A closure of a macro's body, and how to set the element that it is about. */
  body(variable: number, e: Expression): { judge: NumberClosure; set: (element: unknown) => void } {
    const { slots } = this
    this.#macroDepth++
    const judge = this.number(e)
    this.#macroDepth--
    return {
      judge,
      set: (element) => {
        slots[variable] = element
      },
    }
  }

  /** The caller knows nothing of a macro's variables, so its body is not offered. */
  #override(e: Expression): NumberClosure | undefined {
    return this.#macroDepth === 0 ? this.leaves.override?.(e) : undefined
  }

  #number(e: Expression): NumberClosure {
    if (isArithmetic(e)) return arithmeticClosure(this, e)
    if (isComparison(e)) return comparisonClosure(this, e)
    switch (e.op) {
      case 'constant': {
        const value = Number(e.value)
        return () => value
      }
      case 'not': {
        const operand = this.number(e.args[0])
        // 1 − NaN is NaN: what is absent stays absent.
        return () => 1 - operand()
      }
      case 'and':
        return allOf(this.#chain(e, 'and'))
      case 'or':
        return anyOf(this.#chain(e, 'or'))
      case 'conditional': {
        const condition = this.number(e.args[0])
        const then = this.number(e.args[1])
        const otherwise = this.number(e.args[2])
        return () => (condition() === 1 ? then() : otherwise())
      }
      case 'has':
        return this.#has(e.args[0])
      case 'in':
        return membershipClosure(this, e.args[0], e.args[1])
      case 'in-list':
        return this.#inList(e.list, e.args[0])
      case 'matches': {
        const text = this.text(e.args[0])
        const test = compilePattern(e.pattern)
        return () => {
          const value = text()
          return value === undefined ? Number.NaN : test(value) ? 1 : 0
        }
      }
      case 'exists':
      case 'all':
      case 'exists-one':
        return macroClosure(e.op, this.collection(e.args[0]), this.body(e.variable, e.args[1]))
      case 'index':
        return this.#index<number>(e.args[0], e.args[1], Number.NaN)
      case 'variable':
        return this.#slot<number>(e.variable)
      case 'call':
        return callNumber(this, e)
      default:
        return this.leaves.number(e)
    }
  }

  /** The parts of `a && b && c`, from left to right; a part that the caller takes over is not looked into. */
  #chain(e: Extract<Expression, { op: 'and' | 'or' }>, op: 'and' | 'or'): readonly NumberClosure[] {
    return e.args.flatMap((part) => {
      const own = this.#override(part)
      if (own !== undefined) return [own]
      return part.op === op ? this.#chain(part, op) : [this.#number(part)]
    })
  }

  #slot<T>(variable: number): () => T {
    const { slots } = this
    return () => slots[variable] as T
  }

  #has(e: Expression): NumberClosure {
    if (isNumeric(e.type)) {
      const number = this.number(e)
      return () => {
        const value = number()
        return Number.isNaN(value) ? 0 : 1
      }
    }
    const value = this.any(e)
    return () => (value() === undefined ? 0 : 1)
  }

  #inList(list: number, e: Expression): NumberClosure {
    const holds = this.leaves.list(list)
    if (isNumeric(e.type)) {
      const number = this.number(e)
      return () => {
        const value = number()
        return Number.isNaN(value) ? value : holds(value) ? 1 : 0
      }
    }
    const text = this.text(e)
    return () => {
      const value = text()
      return value === undefined ? Number.NaN : holds(value) ? 1 : 0
    }
  }

  /** A place beyond the end and a key that is not there are absent. */
  #index<T>(collection: Expression, index: Expression, absent: T): () => T {
    const from = this.collection(collection)
    if (collection.type.kind === 'map') {
      const key = this.text(index)
      return () => {
        const map = from() as ReadonlyMap<string, T> | undefined
        const name = key()
        return map === undefined || name === undefined ? absent : (map.get(name) ?? absent)
      }
    }
    const place = this.number(index)
    return () => {
      const list = from() as readonly T[] | undefined
      return list?.[place()] ?? absent
    }
  }

  #list(elements: readonly Expression[]): CollectionClosure {
    const closures = elements.map((element) => this.any(element))
    return () => {
      const list = closures.map((closure) => closure())
      // Absence spreads: a list of which a part is not known is not known.
      return list.some((value) => value === undefined || Number.isNaN(value)) ? undefined : list
    }
  }
}

function allOf(parts: readonly NumberClosure[]): NumberClosure {
  const [a, b, c, d] = parts
  if (parts.length === 2) return () => (a() === 1 && b() === 1 ? 1 : 0)
  if (parts.length === 3) return () => (a() === 1 && b() === 1 && c() === 1 ? 1 : 0)
  if (parts.length === 4) return () => (a() === 1 && b() === 1 && c() === 1 && d() === 1 ? 1 : 0)
  return () => {
    for (let i = 0; i < parts.length; i++) if (parts[i]() !== 1) return 0
    return 1
  }
}

function anyOf(parts: readonly NumberClosure[]): NumberClosure {
  const [a, b, c, d] = parts
  if (parts.length === 2) return () => (a() === 1 || b() === 1 ? 1 : 0)
  if (parts.length === 3) return () => (a() === 1 || b() === 1 || c() === 1 ? 1 : 0)
  if (parts.length === 4) return () => (a() === 1 || b() === 1 || c() === 1 || d() === 1 ? 1 : 0)
  return () => {
    for (let i = 0; i < parts.length; i++) if (parts[i]() === 1) return 1
    return 0
  }
}
