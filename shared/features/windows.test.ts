import { describe, expect, it } from 'vitest'
import { bankRules, featuresRule, minute, run, transaction } from '../../tests/support/bank.ts'

/** Values of one feature at each of these purchases, in order. */
function valuesOf(
  feature: string,
  purchases: readonly (Parameters<typeof transaction>[0] & { id: string })[],
): unknown[] {
  const events = purchases.map((fields) => transaction(fields))
  const { features } = run(bankRules({ look: featuresRule({ value: feature }) }), events, { wantsFeatures: true })
  return purchases.map(({ id }) => features[`look A ${id}`]?.['value'])
}

const minutes = (...at: number[]) => at.map((m, i) => ({ id: String(i + 1), at: m * minute }))

describe('a window', () => {
  it('ends with the event and begins just after its length before it', () => {
    expect(valuesOf('{ count: all, over: 10m }', minutes(0, 5, 9, 10, 15))).toEqual([1, 2, 3, 3, 3])
    const edge = [0, 10 * minute - 1, 10 * minute].map((at, i) => ({ id: String(i + 1), at }))
    expect(valuesOf('{ count: all, over: 10m }', edge)).toEqual([1, 2, 2])
  })

  it('takes events of one instant in order of length, then bytes, of their ids', () => {
    const ids = ['10', '9', 'b', 'a', '9a', 'é', '010']
    const values = valuesOf(
      '{ count: all, over: 1ms }',
      ids.map((id) => ({ id, at: minute })),
    )
    // By bytes: 9 a b, then 10 9a é (two bytes), then 010.
    expect(Object.fromEntries(ids.map((id, i) => [id, values[i]]))).toEqual({
      '9': 1,
      a: 2,
      b: 3,
      '10': 4,
      '9a': 5,
      é: 6,
      '010': 7,
    })
  })

  it('leaves out the current event and no other of its instant', () => {
    const purchases = [3, 5, 7].map((amount, i) => ({ id: String(i + 1), at: minute, amount }))
    expect(valuesOf('{ sum: amount, over: 1m, current: exclude }', purchases)).toEqual([0, 300, 800])
  })

  it('shifted by a delay ends exactly so long before the event', () => {
    expect(valuesOf('{ count: all, over: 10m, delay: 5m }', minutes(0, 4, 5, 14, 15, 20))).toEqual([0, 0, 1, 3, 2, 2])
  })

  it('of so many events holds the last counted ones, whatever their age', () => {
    const purchases = [1, 200, 2, 3, 300].map((amount, i) => ({ id: String(i + 1), at: i * 24 * 60 * minute, amount }))
    expect(valuesOf('{ sum: amount, events: 2, where: amount < 100 }', purchases)).toEqual([100, 100, 300, 500, 500])
    expect(valuesOf('{ sum: amount, events: 2, current: exclude }', purchases)).toEqual([0, 100, 20_100, 20_200, 500])
  })

  it('bounded in time and in number holds what is in both', () => {
    expect(valuesOf('{ count: all, over: 10m, events: 3 }', minutes(0, 1, 2, 3, 12, 30))).toEqual([1, 2, 3, 3, 2, 1])
  })

  it('bounded in number and shifted by a delay is empty while the last events are all younger', () => {
    const feature = '{ count: all, over: 10m, delay: 5m, events: 3 }'
    expect(valuesOf(feature, minutes(0, 1, 2, 6, 7, 20))).toEqual([0, 0, 0, 1, 1, 2])
    expect(valuesOf('{ distinct: channel, over: 10m, delay: 5m, events: 2 }', minutes(0, 6, 7, 8))).toEqual([
      0, 1, 0, 0,
    ])
  })
})
