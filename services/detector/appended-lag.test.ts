import { describe, expect, it } from 'vitest'
import { AppendedLag } from './appended-lag.ts'

/** Offsets as a broker gives them: each request begins 4,096 above the one before. */
const offsetOf = (event: number, eventsPerRequest: number): number =>
  Math.floor(event / eventsPerRequest) * 4_096 + 1 + (event % eventsPerRequest)

describe('the events that wait to be judged', () => {
  it('are counted, however far apart their offsets are', () => {
    const lag = new AppendedLag()
    for (let event = 0; event < 200; event++) lag.appended(offsetOf(event, 1))
    expect(lag.at(0)).toBe(200)
    expect(lag.at(offsetOf(199, 1))).toBe(0)
  })

  it.each([1, 7, 100])('are told to within 256 while they become fewer, %i a request', (eventsPerRequest) => {
    const lag = new AppendedLag()
    for (let event = 0; event < 10_000; event++) lag.appended(offsetOf(event, eventsPerRequest))
    for (let judged = 0; judged <= 10_000; judged += 50) {
      const told = lag.at(judged === 0 ? 0 : offsetOf(judged - 1, eventsPerRequest))
      expect(told).toBeGreaterThanOrEqual(10_000 - judged)
      expect(told).toBeLessThanOrEqual(10_000 - judged + 256)
    }
    expect(lag.at(offsetOf(9_999, eventsPerRequest))).toBe(0)
  })

  it('are not more by a repeat, which is answered with the place of the first', () => {
    const lag = new AppendedLag()
    for (const offset of [5, 6, 5, 6]) lag.appended(offset)
    expect(lag.at(4)).toBe(2)
    expect(lag.at(6)).toBe(0)
    lag.appended(5)
    expect(lag.at(6)).toBe(0)
  })

  it('stay told while they come one by one and none is judged', () => {
    const lag = new AppendedLag()
    for (let offset = 1; offset <= 1_000; offset++) {
      lag.appended(offset)
      expect(lag.at(0)).toBe(offset)
    }
  })
})
