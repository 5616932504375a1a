import { describe, expect, test } from 'vitest'
import { compile } from './compile.ts'
import type { Element } from './pattern.ts'
import { growthOf } from './run-growth.ts'
import { large, small, Writer } from './testing/watch.ts'

const growth = (events: number, steps: (writer: Writer) => readonly Element[]): ReturnType<typeof growthOf> => {
  const pattern = { steps: steps(new Writer()), withinMs: null, skip: { strategy: 'none' } } as const
  return growthOf(
    compile(pattern, () => true),
    events,
  )
}

const loop = { from: 1, to: null }

describe('the runs that so many events can open', () => {
  test('are one for each event where a step is taken once', () => {
    const found = growth(10, (writer) => [writer.step('begin', 'a', small), writer.step('followedBy', 'b', large)])
    expect(found).toEqual({ runs: 10, runEvents: 19, matches: 9 })
  })

  test('end with a strict step that must come next', () => {
    const found = growth(10, (writer) => [writer.step('begin', 'a', small), writer.step('next', 'b', large)])
    expect(found).toMatchObject({ runs: 1, matches: 1 })
  })

  test('grow by their number where a loop may wait after each round', () => {
    const found = growth(10, (writer) => [
      writer.step('begin', 'a', small, { times: loop }),
      writer.step('followedBy', 'b', large),
    ])
    expect(found).toMatchObject({ runs: 55, matches: 45 })
  })

  test('double where the events of a loop combine freely', () => {
    const at = (events: number): number =>
      growth(events, (writer) => [
        writer.step('begin', 'a', small, { times: loop, inner: 'any' }),
        writer.step('followedBy', 'b', large),
      ]).runs
    expect(at(12) / at(11)).toBeGreaterThan(1.9)
  })

  test('do not double where an event is taken or passed over, never both', () => {
    const found = growth(20, (writer) => [
      writer.step('begin', 'a', small),
      writer.step('followedBy', 'b', small, { times: { from: 3, to: 3 } }),
      writer.step('followedBy', 'c', large),
    ])
    expect(found.runs).toBe(20)
  })
})
