import { expect, it } from 'vitest'
import { isZone, offsetOf } from './time-zone.ts'

const hourMs = 3_600_000

it('knows zones and offsets, and nothing else', () => {
  for (const zone of ['UTC', 'Europe/Zurich', 'Asia/Kathmandu', '+05:30', '-08:00']) expect(isZone(zone)).toBe(true)
  for (const zone of ['', 'Zurich', 'Europe/Zürich', '+25:00', 'local', '__proto__']) expect(isZone(zone)).toBe(false)
})

it('follows a change to summer time to the millisecond, in whatever order it is asked', () => {
  const offset = offsetOf('Europe/Zurich')
  const change = Date.UTC(2026, 2, 29, 1)
  expect([change, change - 1, change + 1, change - 1].map(offset)).toEqual([2, 1, 2, 1].map((hours) => hours * hourMs))
  const back = Date.UTC(2026, 9, 25, 1)
  expect([back - 1, back, back + 1].map(offset)).toEqual([2, 1, 1].map((hours) => hours * hourMs))
})

it('follows a change that is not at a quarter of an hour', () => {
  // Liberia left −00:44:30 for UTC on 1972-01-07.
  const offset = offsetOf('Africa/Monrovia')
  const change = Date.UTC(1972, 0, 7, 0, 44, 30)
  expect([change - 1, change, change - 1, change + 1].map(offset)).toEqual([-2_670_000, 0, -2_670_000, 0])
})

it('agrees with the runtime on every hour of two years', () => {
  const zone = 'America/New_York'
  const offset = offsetOf(zone)
  const clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' })
  for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2027, 0, 1); ms += hourMs)
    expect(new Date(ms + offset(ms)).getUTCHours()).toBe(Number(clock.format(ms)))
})

it('keeps quarters apart that share a slot of the cache', () => {
  const offset = offsetOf('Europe/Zurich')
  const summer = Date.UTC(2026, 6, 1)
  const slots = 1_024 * 900_000
  for (let i = 0; i < 40; i++) {
    const ms = summer + i * slots
    expect(offset(ms)).toBe(offsetOf('Europe/Zurich')(ms))
  }
})
