/**
 * Local time of a zone, from the tables of the runtime (`Intl`).
 * Gotcha: those tables come with Node; where a government changes a zone, two versions of Node may disagree about times after the change.
 */

const quarterMs = 15 * 60_000
const cacheSlots = 1_024

/** Whether the runtime knows the zone: `Europe/Zurich`, `UTC`, `+01:00`. */
export function isZone(zone: string): boolean {
  try {
    formatterOf(zone)
    return zone !== ''
  } catch {
    return false
  }
}

/**
 * The difference of local time to UTC, in ms, as a function of the instant (ms since 1970).
 * A quarter of an hour is kept once its ends agree, so `Intl`, which costs microseconds, is asked about once per quarter.
 */
export function offsetOf(zone: string): (ms: number) => number {
  const formatter = formatterOf(zone)
  const quarters = new Float64Array(cacheSlots).fill(Number.NaN)
  const offsets = new Float64Array(cacheSlots)
  return (ms) => {
    const quarter = Math.floor(ms / quarterMs)
    const slot = Math.abs(quarter % cacheSlots)
    if (quarters[slot] === quarter) return offsets[slot]
    const start = askOffset(formatter, quarter * quarterMs)
    if (start !== askOffset(formatter, (quarter + 1) * quarterMs - 1)) return askOffset(formatter, ms)
    quarters[slot] = quarter
    offsets[slot] = start
    return start
  }
}

const formatterOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })

function askOffset(formatter: Intl.DateTimeFormat, ms: number): number {
  const second = Math.floor(ms / 1_000) * 1_000
  const part = new Map(formatter.formatToParts(second).map(({ type, value }) => [type, value] as const))
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(part.get(type))
  const year = part.get('era') === 'BC' ? 1 - number('year') : number('year')
  const local = Date.UTC(2000, number('month') - 1, number('day'), number('hour'), number('minute'), number('second'))
  // Date.UTC reads the years 0 to 99 as 1900 to 1999, so the year is set apart.
  return new Date(local).setUTCFullYear(year, number('month') - 1, number('day')) - second
}
