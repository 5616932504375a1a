import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runVector } from './testing/vector.ts'
import type { StepIds, VectorEvent, VectorPattern } from './vector-format.ts'

/**
 * What Apache Flink CEP 1.18.1 answered to random patterns over random events, recorded once: nested groups, absences, greedy
 * loops, limits and skips in combinations that no reference vector has. Events are [name, price, time], their ids positions.
 */
interface Answer {
  readonly pattern: VectorPattern
  readonly events: readonly (readonly [string, number, number])[]
  readonly advanceTo?: number
  readonly error?: string
  readonly matches?: readonly StepIds[]
  readonly timeouts?: readonly { readonly match: StepIds; readonly at: number }[]
  readonly open?: number
}

const answers = readFileSync(join(import.meta.dirname, 'testing', 'flink-answers.jsonl'), 'utf8')
  .trim()
  .split('\n')

describe('recorded answers of Flink', () => {
  test.each(answers.map((line, index) => ({ line, index })))('$index', ({ line }) => {
    const answer: Answer = JSON.parse(line)
    const events = answer.events.map(
      ([name, price, ts], index): VectorEvent => ({ id: index + 1, type: 'Event', name, price, attrId: 0, ts }),
    )
    const got = runVector({ name: '', ...answer, events })
    expect(got.error).toBe(answer.error)
    if (answer.error !== undefined) return
    expect(sorted(got.matches)).toEqual(sorted(answer.matches ?? []))
    expect(sorted(got.timeouts)).toEqual(sorted(answer.timeouts ?? []))
    expect(got.openPartials).toBe(answer.open)
  })
})

function sorted(list: readonly unknown[]): string[] {
  return list.map(canonical).sort()
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
