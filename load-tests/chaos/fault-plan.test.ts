import { describe, expect, it } from 'vitest'
import { planFaults, targets } from './fault-plan.ts'

const minuteMs = 60_000

describe('the plan of faults', () => {
  it('is a function of the seed', () => {
    expect(planFaults(7, 5 * minuteMs, 'nats')).toEqual(planFaults(7, 5 * minuteMs, 'nats'))
    expect(planFaults(8, 5 * minuteMs, 'nats')).not.toEqual(planFaults(7, 5 * minuteMs, 'nats'))
  })

  it('begins in the same way, however long it is', () => {
    const short = planFaults(7, minuteMs, 'nats')
    expect(planFaults(7, 9 * minuteMs, 'nats').slice(0, short.length)).toEqual(short)
  })

  it('rises in time, ends before its end, and leaves time to recover between its bouts', () => {
    const times = planFaults(7, 9 * minuteMs, 'nats').map(({ at }) => at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBeLessThan(9 * minuteMs)
    const pauses = times.filter((at, i) => i > 0 && at - times[i - 1] >= 11_000)
    expect(pauses.length).toBeGreaterThanOrEqual(18)
  })

  it('has every kind of fault on every target within three minutes, whatever the seed', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const kinds = new Set(planFaults(seed, 3 * minuteMs, 'nats').map(({ target, kind }) => `${target} ${kind}`))
      for (const target of targets) expect(kinds).toContain(`${target} kill`)
      expect(kinds.size).toBe(2 + 3 * 8)
    }
  })
})
