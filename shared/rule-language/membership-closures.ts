import { isNumeric } from '#shared/domain/value-type'
import type { Closures, CollectionClosure, NumberClosure } from './closures.ts'
import { areEqual } from './comparison-closures.ts'
import type { Expression } from './expression.ts'

/** Up to here a scan of numbers is faster than hashing a double. */
const scannedNumbersMax = 8

/** `value in list` and `key in map`. It compares, so with something absent it is false. */
export function membershipClosure(closures: Closures, value: Expression, collection: Expression): NumberClosure {
  const isFlat = isNumeric(value.type) || value.type.kind === 'string'
  if (collection.op === 'constant' && Array.isArray(collection.value) && isFlat)
    return inConstants(closures, value, collection.value)
  const from = closures.collection(collection)
  const element = closures.any(value)
  return () => {
    const x = element()
    const values = from()
    if (x === undefined || values === undefined || Number.isNaN(x)) return 0
    if (values instanceof Map) return values.has(x) ? 1 : 0
    const list = values as readonly unknown[]
    for (let i = 0; i < list.length; i++) if (areEqual(list[i], x)) return 1
    return 0
  }
}

function inConstants(closures: Closures, value: Expression, constants: readonly unknown[]): NumberClosure {
  const known: ReadonlySet<unknown> = new Set(constants)
  if (value.type.kind === 'string') {
    const text = closures.text(value)
    return () => (known.has(text()) ? 1 : 0)
  }
  const number = closures.number(value)
  if (constants.length > scannedNumbersMax) return () => (known.has(number()) ? 1 : 0)
  const scanned = Float64Array.from(known as ReadonlySet<number>)
  return () => {
    const x = number()
    for (let i = 0; i < scanned.length; i++) if (scanned[i] === x) return 1
    return 0
  }
}

/** `exists`, `all` and `exists_one` over the elements of a list or the keys of a map; absent where that is. An absent condition is false. */
export function macroClosure(
  op: 'exists' | 'all' | 'exists-one',
  from: CollectionClosure,
  { judge, set }: { judge: NumberClosure; set: (element: unknown) => void },
): NumberClosure {
  const count = (stopAt: number, wanted: boolean) => () => {
    const values = from()
    if (values === undefined) return Number.NaN
    let found = 0
    for (const element of values instanceof Map ? values.keys() : (values as readonly unknown[])) {
      set(element)
      if ((judge() === 1) === wanted && ++found === stopAt) break
    }
    return found
  }
  if (op === 'exists') return count(1, true)
  const failing = count(1, false)
  // 1 − NaN is NaN: an absent list stays absent.
  if (op === 'all') return () => 1 - failing()
  const upToTwo = count(2, true)
  return () => {
    const found = upToTwo()
    return found === 2 ? 0 : found
  }
}
