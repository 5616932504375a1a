import { describe, expect, it } from 'vitest'
import { bankRules, hour, minute, run, second, transaction } from '../../tests/support/bank.ts'

describe('exact money', () => {
  const rules = bankRules({
    spree: `
features:
  n_1h: { count: all, over: 1h }
  spent_1h: { sum: amount, over: 1h }
  n_24h: { count: all, over: 24h }
  spent_24h: { sum: amount, over: 24h }
when: n_1h >= 3 && spent_1h * n_24h > 3 * spent_24h`,
    mean: `
features:
  n_1h: { count: all, over: 1h }
  spent_1h: { sum: amount, over: 1h }
  mean_24h: { avg: amount, over: 24h }
when: n_1h >= 3 && spent_1h > 3 * mean_24h`,
  })

  it('finds both sides equal where the three purchases of the hour are all of the day', () => {
    const thirds = Array.from({ length: 200 }, (_, day) =>
      [0, 1, 2].map((i) =>
        transaction({
          id: `${day}-${i}`,
          at: day * 25 * hour + i * minute,
          amount: ((day * 7919 + i * 104_729) % 30_000) / 100,
        }),
      ),
    ).flat()
    const { alerts, faults } = run(rules, thirds)
    expect(alerts.filter(({ rule }) => rule === 'spree')).toEqual([])
    expect(faults).toEqual({ spree: 0, mean: 0 })
  })

  it('sees one cent', () => {
    const purchase = (id: string, at: number, amount: number) => transaction({ id, at, amount })
    const earlier = purchase('0', 0, 9.99)
    const three = [1, 2, 3].map((i) => purchase(String(i), 2 * hour + i * second, i === 3 ? 10 : 9.99))
    const { alerts } = run(rules, [earlier, ...three])
    expect(alerts.filter(({ rule }) => rule === 'spree').map(({ events }) => events)).toEqual(['3'])
  })

  it('keeps three decimals', () => {
    const dinars = bankRules({
      tips: 'features: { tips: { sum: tip, over: 1h } }\nwhen: tips == 0.3\nmessage: "{tips}"',
    })
    const tips = [0.1, 0.199, 0.001].map((tip, i) => transaction({ id: String(i), at: i, tip }))
    expect(run(dinars, tips).alerts.map(({ message }) => message)).toEqual(['0.300'])
  })
})
