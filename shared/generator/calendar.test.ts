import { describe, expect, it } from 'vitest'
import { day, dayMs, hourMs, isWorkingTime, localDay } from './calendar.ts'

describe('day', () => {
  it('begins at local midnight, in winter one hour before UTC and in summer two', () => {
    expect(day(localDay(Date.UTC(2026, 0, 15, 12))).startMs).toBe(Date.UTC(2026, 0, 14, 23))
    expect(day(localDay(Date.UTC(2026, 6, 15, 12))).startMs).toBe(Date.UTC(2026, 6, 14, 22))
  })

  it('is 23 hours long when summer time begins and 25 when it ends', () => {
    const length = (number: number): number => day(number + 1).startMs - day(number).startMs
    expect(length(localDay(Date.UTC(2026, 2, 29, 12)))).toBe(23 * hourMs)
    expect(length(localDay(Date.UTC(2026, 9, 25, 12)))).toBe(25 * hourMs)
    expect(length(localDay(Date.UTC(2026, 2, 28, 12)))).toBe(dayMs)
  })

  it('knows its weekday and its place in the month', () => {
    expect(day(localDay(Date.UTC(2026, 0, 5, 12)))).toMatchObject({ weekday: 1, dayOfMonth: 5 })
  })
})

describe('isWorkingTime', () => {
  it('is Monday to Friday, 9 to 17', () => {
    expect(isWorkingTime(Date.UTC(2026, 0, 5, 8))).toBe(true)
    expect(isWorkingTime(Date.UTC(2026, 0, 5, 7, 59))).toBe(false)
    expect(isWorkingTime(Date.UTC(2026, 0, 5, 16))).toBe(false)
    expect(isWorkingTime(Date.UTC(2026, 0, 4, 12))).toBe(false)
  })
})
