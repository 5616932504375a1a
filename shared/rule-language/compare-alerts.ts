import { convertValue, type Value } from '#shared/domain/convert-value'
import { formatMoney } from '#shared/domain/money'
import { formatDuration, formatTimestamp, parseTimestamp } from '#shared/domain/time'
import type { ValueType } from '#shared/domain/value-type'
import { type ExpectedAlert, testStartMs } from './rule-tests.ts'

/** An alert as one line of output has it, parsed: times in RFC 3339, money as a number, durations in seconds. */
export type AlertLine = Readonly<Record<string, unknown>>

/**
 * Compares the alerts that a test expects with those that there were, in order.
 * @returns undefined if they agree; else a report with both side by side, `≠` where they differ
 */
export function compareAlerts(expected: readonly ExpectedAlert[], actual: readonly AlertLine[]): string | undefined {
  const rows = align(expected, actual).map(([want, got]) => rowsOf(want, got))
  if (rows.every((ofAlert) => ofAlert.every(({ isSame }) => isSame))) return undefined
  return layOut(rows)
}

interface Row {
  readonly field: string
  readonly expected: string
  readonly actual: string
  readonly isSame: boolean
}

type Pair = readonly [ExpectedAlert | undefined, AlertLine | undefined]

/**
 * Pairs what agrees, as much of it as possible in order (longest common subsequence); between two such pairs the others stand
 * against each other one by one. So one alert too many does not make all that follow it look wrong.
 */
function align(expected: readonly ExpectedAlert[], actual: readonly AlertLine[]): readonly Pair[] {
  const agrees = expected.map((want) => actual.map((got) => rowsOf(want, got).every(({ isSame }) => isSame)))
  const common = expected.map(() => new Array<number>(actual.length + 1).fill(0))
  common.push(new Array<number>(actual.length + 1).fill(0))
  for (let i = expected.length - 1; i >= 0; i--)
    for (let j = actual.length - 1; j >= 0; j--)
      common[i][j] = agrees[i][j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1])
  const pairs: Pair[] = []
  const unpaired = { expected: [] as ExpectedAlert[], actual: [] as AlertLine[] }
  const flush = (): void => {
    const count = Math.max(unpaired.expected.length, unpaired.actual.length)
    for (let k = 0; k < count; k++) pairs.push([unpaired.expected[k], unpaired.actual[k]])
    unpaired.expected = []
    unpaired.actual = []
  }
  let i = 0
  let j = 0
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && agrees[i][j]) {
      flush()
      pairs.push([expected[i++], actual[j++]])
    } else if (j === actual.length || (i < expected.length && common[i + 1][j] >= common[i][j + 1]))
      unpaired.expected.push(expected[i++])
    else unpaired.actual.push(actual[j++])
  }
  flush()
  return pairs
}

function rowsOf(want: ExpectedAlert | undefined, got: AlertLine | undefined): readonly Row[] {
  if (want === undefined) return got === undefined ? [] : actualOnly(got)
  const rows: Row[] = []
  const add = (field: string, expected: string | undefined, actual: string | undefined): void => {
    if (expected !== undefined)
      rows.push({
        field,
        expected,
        actual: actual ?? absent,
        isSame: got !== undefined && expected === (actual ?? absent),
      })
  }
  add('at', want.atMs === undefined ? undefined : sinceStart(want.atMs), timeOf(got))
  add('key', want.key, textOf(got?.['key']))
  add('event', want.event, textOf(got?.['event']))
  if (want.steps !== undefined) rows.push(...stepRows(want.steps, got))
  for (const [name, { type, value }] of want.features) {
    const actual = convertValue(asRecord(got?.['features'])[name], type)
    const isSame = got !== undefined && isNear(value, actual, type)
    rows.push({ field: `features.${name}`, expected: format(value, type), actual: format(actual, type), isSame })
  }
  for (const field of ['score', 'severity', 'reason', 'message', 'scenario'] as const)
    add(field, textOf(want[field]), textOf(got?.[field]))
  // A line that names nothing expects one alert more, whatever it says.
  if (rows.length === 0)
    rows.push({ field: '', expected: 'an alert', actual: got ? 'an alert' : absent, isSame: got !== undefined })
  return rows
}

/** All steps are compared: one that is not named is expected to have taken nothing. */
function stepRows(want: ReadonlyMap<string, readonly string[]>, got: AlertLine | undefined): readonly Row[] {
  const steps = asRecord(got?.['steps'])
  const names = new Set([...want.keys(), ...Object.keys(steps)])
  return [...names].map((name) => {
    const expected = idsOf(want.get(name))
    const actual = idsOf(steps[name])
    return { field: `steps.${name}`, expected, actual, isSame: got !== undefined && expected === actual }
  })
}

function actualOnly(got: AlertLine): readonly Row[] {
  const fields: [string, string | undefined][] = [
    ['at', timeOf(got)],
    ['key', textOf(got['key'])],
    ['event', textOf(got['event'])],
    ...Object.entries(asRecord(got['steps'])).map(([name, ids]): [string, string] => [`steps.${name}`, idsOf(ids)]),
  ]
  return fields.flatMap(([field, actual]) =>
    actual === undefined ? [] : [{ field, expected: absent, actual, isSame: false }],
  )
}

const absent = '–'

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null ? undefined : String(value)

const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const idsOf = (ids: unknown): string => (Array.isArray(ids) && ids.length > 0 ? ids.join(', ') : absent)

const timeOf = (got: AlertLine | undefined): string | undefined => {
  const atMs = parseTimestamp(got?.['at'])
  return atMs === undefined ? undefined : sinceStart(atMs)
}

const sinceStart = (atMs: number): string =>
  atMs < testStartMs ? formatTimestamp(atMs) : formatDuration(atMs - testStartMs)

/** Doubles need not be written out to their last digit; all else is exact. */
const relativeDifferenceMax = 1e-9

function isNear(want: Value | undefined, got: Value | undefined, type: ValueType): boolean {
  if (type.kind !== 'double' || typeof want !== 'number' || typeof got !== 'number') return want === got
  return Math.abs(want - got) <= relativeDifferenceMax * Math.max(Math.abs(want), Math.abs(got))
}

/** As an author would write it. Features are never lists or maps. */
function format(value: Value | undefined, type: ValueType): string {
  if (value === undefined) return absent
  if (typeof value !== 'number') return String(value)
  switch (type.kind) {
    case 'money':
      return formatMoney(value, type.decimals)
    case 'duration':
      return value < 0 ? `-${formatDuration(-value)}` : formatDuration(value)
    case 'timestamp':
      return formatTimestamp(value)
    case 'bool':
      return String(value === 1)
    default:
      return String(value)
  }
}

function layOut(alerts: readonly (readonly Row[])[]): string {
  const rows = alerts.flat()
  const width = (cells: readonly string[]): number => Math.max(...cells.map((cell) => cell.length))
  const fieldWidth = width(['alert', ...rows.map(({ field }) => field)])
  const expectedWidth = width(['expected', ...rows.map(({ expected }) => expected)])
  const line = (mark: string, field: string, expected: string, actual: string): string =>
    `${mark.padStart(3)} ${field.padEnd(fieldWidth)}  ${expected.padEnd(expectedWidth)} | ${actual}`.trimEnd()
  const lines = alerts.flatMap((ofAlert, i) =>
    ofAlert.map(({ field, expected, actual, isSame }, j) =>
      line(isSame ? (j === 0 ? String(i + 1) : '') : '≠', field, expected, actual),
    ),
  )
  return [line('', 'alert', 'expected', 'actual'), ...lines].join('\n')
}
