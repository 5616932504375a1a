import type { Value } from '#shared/domain/convert-value'
import { limits } from '#shared/domain/limits'
import { parseTimestamp } from '#shared/domain/time'

/** Reads an event's id: a string, or an integer as its decimal text. @returns undefined where it is no id. */
export function readId(value: unknown): string | undefined {
  if (typeof value === 'string') {
    const isId = value !== '' && !isLongerThan(value, limits.idBytesMax) && value.isWellFormed()
    return isId ? value : undefined
  }
  return Number.isSafeInteger(value) ? String(value) : undefined
}

/** Reads a time as `parseTimestamp` does, sooner for the form that nearly all senders use: `2026-03-01T12:00:00.123Z`. */
export function readAt(value: unknown): number | undefined {
  if (typeof value !== 'string') return parseTimestamp(value)
  return parsePlainTimestamp(value) ?? parseTimestamp(value)
}

/** Whether the text has more UTF-8 bytes than this. */
export const isLongerThan = (text: string, bytesMax: number): boolean =>
  text.length * 3 > bytesMax && (text.length > bytesMax || Buffer.byteLength(text) > bytesMax)

/** Whether all strings of a value are well-formed Unicode: half a surrogate pair cannot be written out again as UTF-8. */
export function isWellFormed(value: Value): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return true
  for (const part of value instanceof Map ? [...value.keys(), ...value.values()] : (value as readonly Value[]))
    if (!isWellFormed(part)) return false
  return true
}

/** Capital `T` and `Z`, no leap second, no fraction or one of three digits, from 1970 to 2199. */
function parsePlainTimestamp(text: string): number | undefined {
  const length = text.length
  if (length !== 20 && length !== 24) return undefined
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  const day = twoDigits(text, 8)
  const hour = twoDigits(text, 11)
  const minute = twoDigits(text, 14)
  const second = twoDigits(text, 17)
  const ms = length === 20 ? 0 : digit(text, 20) * 100 + twoDigits(text, 21)
  const isShaped =
    text.charCodeAt(4) === dash &&
    text.charCodeAt(7) === dash &&
    text.charCodeAt(10) === capitalT &&
    text.charCodeAt(13) === colon &&
    text.charCodeAt(16) === colon &&
    text.charCodeAt(length - 1) === capitalZ &&
    (length === 20 || text.charCodeAt(19) === dot)
  // A character that is no digit has made its number NaN, for which no comparison holds.
  if (!(isShaped && year >= 1970 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && hour <= 23))
    return undefined
  if (!(day <= daysInMonth(year, month) && minute <= 59 && second <= 59 && ms >= 0)) return undefined
  const days = daysBeforeYear(year) - epochDays + daysBeforeMonth[month] + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
  return ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1_000 + ms
}

const dash = 0x2d
const dot = 0x2e
const colon = 0x3a
const capitalT = 0x54
const capitalZ = 0x5a

const daysBeforeMonth = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const daysBeforeYear = (year: number): number => {
  const y = year - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
}
const epochDays = daysBeforeYear(1970)
const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

function digit(text: string, index: number): number {
  const value = text.charCodeAt(index) - 0x30
  return value >= 0 && value <= 9 ? value : Number.NaN
}

const twoDigits = (text: string, index: number): number => digit(text, index) * 10 + digit(text, index + 1)
