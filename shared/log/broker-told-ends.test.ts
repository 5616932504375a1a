import { expect, it } from 'vitest'
import { ToldEnds } from './broker-told-ends.ts'

it('takes a lower end for a loss only if it stays so', () => {
  const told = new ToldEnds(2)
  expect(told.judge([5, 7], told.copy(), 0)).toEqual({ kind: 'told' })
  expect(told.judge([5, 6], told.copy(), 1_000)).toEqual({ kind: 'lower', slot: 1, end: 6, before: 7 })
  expect(told.judge([5, 7], told.copy(), 3_900)).toEqual({ kind: 'told' })
  expect(told.judge([5, 6], told.copy(), 4_000)).toMatchObject({ kind: 'lower' })
  expect(told.judge([4, 9], told.copy(), 6_999)).toMatchObject({ kind: 'lower', slot: 0 })
  expect(told.judge([5, 6], told.copy(), 7_000)).toMatchObject({ kind: 'lost', slot: 1 })
})

it('does not ask an answer for what came after the question', () => {
  const told = new ToldEnds(1)
  const before = told.copy()
  told.raise(0, 9)
  expect(told.judge([8], before, 0)).toEqual({ kind: 'told' })
  expect(told.at(0)).toBe(9)
})
