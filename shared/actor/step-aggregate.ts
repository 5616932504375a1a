import { powerOfTen } from '#shared/domain/money'
import { ruleFaults } from '#shared/domain/rule-fault'
import { sumExactly } from '#shared/features/exact-sum'
import type { Expression } from '#shared/rule-language/expression'
import { numberAt, type RuleView } from './rule-view.ts'

/**
 * `count(probe)`, `sum(probe.amount)`, … over the events that the run has put into a step. Absent values do not count.
 * Cost grows with the number of events in the step, which `times` and the bound on runs limit.
 */
export function foldSteps(e: Expression & { op: 'step-aggregate' }, view: RuleView): () => number {
  const { step, kind, of } = e
  const { actor } = view
  if (kind === 'count' || of === undefined) return () => actor.taken?.count(step) ?? 0
  const read = numberAt(of, view)
  let positions = new Uint32Array(64)
  const values = (): number[] => {
    const { taken } = actor
    if (taken === undefined) return []
    const count = taken.count(step)
    if (count > positions.length) positions = new Uint32Array(count * 2)
    taken.positions(step, positions)
    const present: number[] = []
    for (let i = 0; i < count; i++) {
      const value = read(positions[i])
      if (!Number.isNaN(value)) present.push(value)
    }
    return present
  }
  const isDouble = of.type.kind === 'double'
  const sum = isDouble ? sumExactly : exactSum
  const scale = of.type.kind === 'money' ? powerOfTen[of.type.decimals] : 1
  switch (kind) {
    case 'sum':
      return () => sum(values())
    case 'avg':
      return () => {
        const present = values()
        return sum(present) / (present.length * scale)
      }
    case 'min':
      return () => extremeOf(values(), -1)
    case 'max':
      return () => extremeOf(values(), 1)
  }
}

function exactSum(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  if (Math.abs(sum) > Number.MAX_SAFE_INTEGER) throw ruleFaults.overflow
  return sum
}

function extremeOf(values: readonly number[], sign: 1 | -1): number {
  let best = Number.NaN
  for (const value of values) if (!(best * sign >= value * sign)) best = value
  return best
}
