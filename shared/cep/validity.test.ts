import { describe, expect, test } from 'vitest'
import type { Element, Pattern, Skip } from './pattern.ts'
import { large, login, small, Writer } from './testing/watch.ts'
import { checkPattern } from './validity.ts'

const writer = new Writer()
const probe = writer.step('begin', 'probe', small)
const strike = writer.step('followedBy', 'strike', large)

function problems(steps: readonly Element[], more: Partial<Pattern> = {}): string[] {
  const pattern: Pattern = { steps, withinMs: null, skip: { strategy: 'none' }, ...more }
  return checkPattern(pattern).problems.map(({ code, path }) => `${code} ${path.join('.')}`)
}

describe('a pattern is refused', () => {
  test('with counts below one or the wrong way round', () => {
    expect(problems([{ ...probe, times: { from: 0, to: 2 } }])).toEqual(['bad-times 0'])
    expect(problems([{ ...probe, times: { from: 3, to: 2 } }])).toEqual(['bad-times 0'])
    expect(problems([{ ...probe, times: { from: 1.5, to: null } }])).toEqual(['bad-times 0'])
    expect(problems([{ ...probe, times: { from: 2, to: 2 } }, strike])).toEqual([])
  })

  test('with two steps of one name, also across groups', () => {
    const group = writer.group('followedBy', [writer.step('begin', 'x', login), { ...strike, name: 'probe' }])
    expect(problems([probe, group])).toEqual(['duplicate-step-name 1.1'])
  })

  test('with until but no open end', () => {
    expect(problems([{ ...probe, until: 0 }])).toEqual(['until-without-loop 0'])
    expect(problems([{ ...probe, until: 0, times: { from: 2, to: 3 } }])).toEqual(['until-without-loop 0'])
    expect(problems([{ ...probe, until: 0, times: { from: 2, to: null } }])).toEqual([])
  })

  test('with an absence that is counted, optional or after something optional', () => {
    const absence = writer.step('notFollowedBy', 'login', login)
    expect(problems([probe, { ...absence, times: { from: 1, to: null } }, strike])).toEqual([
      'quantifier-on-negation 1',
    ])
    expect(problems([probe, { ...absence, optional: true }, strike])).toEqual(['optional-negation 1'])
    expect(problems([{ ...probe, optional: true }, absence, strike])).toEqual(['optional-negation 1'])
  })

  test('that ends in an absence without a limit, also inside a group', () => {
    const absence = writer.step('notFollowedBy', 'login', login)
    expect(problems([probe, absence])).toEqual(['trailing-notFollowedBy-without-window 1'])
    expect(problems([probe, absence], { withinMs: 5 })).toEqual([])
    expect(problems([probe, { ...absence, withinMs: 5 }])).toEqual([])
    const group = writer.group('followedBy', [{ ...strike, contiguity: 'begin' }, absence])
    expect(problems([probe, group])).toEqual(['trailing-notFollowedBy-without-window 1.1'])
  })

  test('with a limit longer than that of the whole', () => {
    expect(problems([probe, { ...strike, gapMs: 11 }], { withinMs: 10 })).toEqual(['gap-longer-than-window 1'])
    expect(problems([probe, { ...strike, withinMs: 11 }], { withinMs: 10 })).toEqual(['gap-longer-than-window 1'])
    expect(problems([probe, { ...strike, withinMs: 10 }], { withinMs: 10 })).toEqual([])
  })

  test('that skips to a step it does not have in its outermost sequence', () => {
    const skipTo = (step: string): { skip: Skip } => ({ skip: { strategy: 'to-first', step, onMissError: false } })
    const group = writer.group('followedBy', [writer.step('begin', 'inside', login)])
    expect(problems([probe, group], skipTo('probe'))).toEqual([])
    expect(problems([probe, group], skipTo('prob'))).toEqual(['unknown-skip-step '])
    expect(problems([probe, group], skipTo('inside'))).toEqual(['unknown-skip-step '])
  })
})

test('tells which patterns could be satisfied by nothing', () => {
  const canBeEmpty = (steps: readonly Element[]): boolean =>
    checkPattern({ steps, withinMs: null, skip: { strategy: 'none' } }).canBeEmpty
  const maybe = { ...probe, optional: true }
  expect(canBeEmpty([maybe])).toBe(true)
  expect(canBeEmpty([maybe, strike])).toBe(false)
  expect(canBeEmpty([writer.group('begin', [maybe], { times: { from: 2, to: 2 } })])).toBe(true)
})
