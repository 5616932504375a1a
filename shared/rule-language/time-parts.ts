import type { ValueType } from '#shared/domain/value-type'
import { offsetOf } from './time-zone.ts'

const dayMs = 86_400_000

/** `getHours` and its like: a part of an instant in a zone (default UTC), or the whole of a duration in a unit. */
export function timePart(name: string, type: ValueType, zone: string | undefined): (ms: number) => number {
  if (type.kind === 'duration') {
    const unitMs = durationUnits[name]
    return (ms) => Math.trunc(ms / unitMs)
  }
  const part = parts[name]
  if (zone === undefined || zone === 'UTC') return part
  const offset = offsetOf(zone)
  return (ms) => part(ms + offset(ms))
}

const durationUnits: Readonly<Record<string, number>> = {
  getHours: 3_600_000,
  getMinutes: 60_000,
  getSeconds: 1_000,
  getMilliseconds: 1,
}

const within = (ms: number, unitMs: number, count: number): number => {
  const unit = Math.floor(ms / unitMs) % count
  return unit < 0 ? unit + count : unit
}

const parts: Readonly<Record<string, (localMs: number) => number>> = {
  getFullYear: (ms) => new Date(ms).getUTCFullYear(),
  getMonth: (ms) => new Date(ms).getUTCMonth(),
  getDate: (ms) => new Date(ms).getUTCDate(),
  getDayOfMonth: (ms) => new Date(ms).getUTCDate() - 1,
  // 1970-01-01 was a Thursday.
  getDayOfWeek: (ms) => within(ms + 4 * dayMs, dayMs, 7),
  getDayOfYear: (ms) => Math.floor((ms - Date.UTC(new Date(ms).getUTCFullYear(), 0, 1)) / dayMs),
  getHours: (ms) => within(ms, 3_600_000, 24),
  localHour: (ms) => within(ms, 3_600_000, 24),
  getMinutes: (ms) => within(ms, 60_000, 60),
  getSeconds: (ms) => within(ms, 1_000, 60),
  getMilliseconds: (ms) => within(ms, 1, 1_000),
}
