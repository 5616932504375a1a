import { expect, it } from 'vitest'
import { haveCommon } from './sorted-numbers.ts'

const lists = (...numbers: readonly (readonly number[])[]): Float64Array[] =>
  numbers.map((list) => Float64Array.from(list))

it('finds a number of two lists', () => {
  expect(haveCommon(lists([1, 5, 5, 9], [2, 6], [3, 9]))).toBe(true)
})

it('finds none where a number recurs in one list alone', () => {
  expect(haveCommon(lists([1, 5, 5], [2, 6], []))).toBe(false)
  expect(haveCommon([])).toBe(false)
})
