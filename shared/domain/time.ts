import { limits } from './limits.ts'

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/**
 * Reads RFC 3339 with a zone, or integer milliseconds since 1970.
 * Digits beyond the millisecond are cut. A leap second (`:60`) is the last millisecond of its minute's sixtieth second.
 * @returns ms since 1970, or undefined: not such a time, or outside 1970 to 2199.
 */
export function parseTimestamp(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? fromText(value) : typeof value === 'number' ? value : undefined
  if (ms === undefined || !Number.isInteger(ms) || ms < limits.atMsMin || ms > limits.atMsMax) return undefined
  // -0 is 0.
  return ms + 0
}

/** RFC 3339, UTC, with milliseconds. @param ms a whole number from `limits.atMsMin` to `limits.atMsMax` */
export function formatTimestamp(ms: number): string {
  const day = Math.floor(ms / dayMs)
  if (day !== formatted.day) formatted = { day, text: new Date(ms).toISOString().slice(0, 11) }
  const inDay = ms - day * dayMs
  const seconds = Math.floor(inDay / 1000)
  const minutes = Math.floor(seconds / 60)
  return `${formatted.text}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}.${String(1000 + (inDay % 1000)).slice(1)}Z`
}

const dayMs = 86_400_000
const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)
/** Times that follow each other are mostly of one day. */
let formatted = { day: Number.NaN, text: '' }

function fromText(text: string): number | undefined {
  const parts = rfc3339.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((i) => Number(parts[i]))
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || hour > 23 || minute > 59 || second > 60)
    return undefined
  const zoneHours = Number(parts[9] ?? 0)
  const zoneMinutes = Number(parts[10] ?? 0)
  if (zoneHours > 23 || zoneMinutes > 59) return undefined
  const zoneMs = (parts[8] === '-' ? -1 : 1) * (zoneHours * 60 + zoneMinutes) * 60_000
  const fractionMs = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const leapSecond = second === 60
  const ms = Date.UTC(year, month - 1, day, hour, minute, leapSecond ? 59 : second, leapSecond ? 999 : fractionMs)
  return ms - zoneMs
}

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()

const durationText = /^(\d+(?:ms|d|h|m|s))+$/
const durationParts = /(\d+)(ms|d|h|m|s)/g
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * Reads `500ms`, `30s`, `10m`, `1h`, `7d`, `1h30m`; a day is 24 hours.
 * @returns ms, or undefined where the text is no duration.
 */
export function parseDuration(text: string): number | undefined {
  if (!durationText.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(durationParts)) ms += Number(count) * unitMs[unit]
  return Number.isSafeInteger(ms) ? ms : undefined
}

/** The shortest text that `parseDuration` reads back: `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const count = Math.floor(rest / unitMs[unit])
    if (count > 0) text += `${count}${unit}`
    rest -= count * unitMs[unit]
  }
  return text
}
