import { describe, expect, test } from 'vitest'
import type { Skip } from './pattern.ts'
import type { Where } from './testing/watch.ts'
import { large, probe, small, strike, transfer, Watch, Writer } from './testing/watch.ts'

function threeCards(skip: Skip): Watch {
  const writer = new Writer()
  const card: Where = ({ kind }) => kind === 'card'
  const steps = [
    writer.step('begin', 'first', card),
    writer.step('next', 'middle', card, { times: { from: 2, to: 2 }, inner: 'strict' }),
  ]
  return new Watch(writer, steps, { skip })
}

const five = [probe, probe, probe, probe, probe]

describe('skip', () => {
  test('none: every match', () => {
    expect(threeCards({ strategy: 'none' }).seeAll(five).news()).toEqual([
      'matched first 1, middle 2 3',
      'matched first 2, middle 3 4',
      'matched first 3, middle 4 5',
    ])
  })

  test('past-last: no two matches overlap', () => {
    expect(
      threeCards({ strategy: 'past-last' })
        .seeAll([...five, probe])
        .news(),
    ).toEqual(['matched first 1, middle 2 3', 'matched first 4, middle 5 6'])
  })

  test('next: one match for each beginning', () => {
    const writer = new Writer()
    const steps = [writer.step('begin', 'probe', small, { times: { from: 1, to: null } })]
    const watch = new Watch(writer, steps, { skip: { strategy: 'next' } })
    expect(watch.seeAll([probe, probe]).news()).toEqual(['matched probe 1', 'matched probe 2'])
  })

  test('to-last and to-first: on from the event named', () => {
    const toLast = threeCards({ strategy: 'to-last', step: 'middle', onMissError: false })
    expect(toLast.seeAll(five).news()).toEqual(['matched first 1, middle 2 3', 'matched first 3, middle 4 5'])
    const toFirst = threeCards({ strategy: 'to-first', step: 'middle', onMissError: false })
    expect(toFirst.seeAll([probe, probe, probe, probe]).news()).toHaveLength(2)
  })

  test('a target that is the first event is an error only where it is asked for', () => {
    const strict: Skip = { strategy: 'to-first', step: 'first', onMissError: true }
    expect(threeCards(strict).seeAll([probe, probe, probe]).news()).toEqual(['missed first 1, middle 2 3'])
    const lenient: Skip = { strategy: 'to-first', step: 'first', onMissError: false }
    expect(threeCards(lenient).seeAll([probe, probe, probe]).news()).toEqual(['matched first 1, middle 2 3'])
  })

  test('a target that took nothing skips nothing, or is an error', () => {
    const outcome = (onMissError: boolean): string[] => {
      const writer = new Writer()
      const steps = [
        writer.step('begin', 'probe', small),
        writer.step('next', 'transfer', transfer, { optional: true }),
        writer.step('next', 'strike', large),
      ]
      const skip: Skip = { strategy: 'to-last', step: 'transfer', onMissError }
      return new Watch(writer, steps, { skip }).seeAll([probe, strike]).news()
    }
    expect(outcome(false)).toEqual(['matched probe 1, strike 2'])
    expect(outcome(true)).toEqual(['missed probe 1, strike 2'])
  })
})

describe('a match behind an older open run', () => {
  /** The first probe asks for a larger strike than the second, so the younger run may be done before the older one. */
  function held(): Watch {
    const writer = new Writer()
    const steps = [
      writer.step('begin', 'probe', small),
      writer.step('followedBy', 'strike', ({ amount }, run) => amount > (run.in('probe')[0]?.at === 0 ? 500 : 100)),
    ]
    return new Watch(writer, steps, { withinMs: 100, skip: { strategy: 'past-last' } })
  }

  test('is raised at once, and withdrawn when the older run completes and skips it', () => {
    const watch = held().seeAll([
      { ...probe, at: 0 },
      { ...probe, at: 10 },
    ])
    expect(watch.see({ ...strike, at: 20 }).news()).toEqual(['raised probe 2, strike 3'])
    expect(watch.matcher.heldMatches(watch.handle)).toBe(1)
    expect(watch.see({ ...strike, amount: 1000, at: 30 }).news()).toEqual([
      'matched probe 1, strike 4',
      'withdrawn probe 2, strike 3',
    ])
    expect(watch.handle).toBe(0)
  })

  test('stands when the older run runs out of time', () => {
    const watch = held().seeAll([
      { ...probe, at: 0 },
      { ...probe, at: 10 },
      { ...strike, at: 20 },
    ])
    expect(watch.news()).toEqual(['raised probe 2, strike 3'])
    expect(watch.until(100).news()).toEqual(['at 100 timed out probe 1', 'stands probe 2, strike 3'])
    expect(watch.handle).toBe(0)
  })
})
