// The rules of the Flink fraud detection demonstration, each keyed by fields of its own choice, in the language of Vigil:
// a map writes the fields of a composite key into one, and the rule is kept by that.
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../support/random.ts'
import { sharedMissing, sharedPath } from '../support/shared-data.ts'
import { type Alert, Workspace } from '../support/vigil-command.ts'

type EventCells = readonly [id: number, at: string, payee: number, beneficiary: number, type: string, amount: number]

interface Case {
  readonly name: string
  readonly rule: { readonly group: readonly string[]; readonly limit: number; readonly windowMinutes: number }
  readonly events: readonly EventCells[]
  readonly expected_key?: string
  readonly expected_alerts?: ReadonlyArray<{ transactionId: number; key: string; value: number }>
}

interface Demonstration {
  readonly rules: ReadonlyArray<{
    readonly ruleId: number
    readonly groupingKeyNames: readonly string[]
    readonly limit: number
    readonly windowMinutes: number
  }>
  readonly event_columns: readonly string[]
  readonly cases: readonly Case[]
}

const events = `
events:
  transaction:
    fields: { payee: string, beneficiary: string, payment: string, pair: string, kind: string, amount: money }
    keys: { payment: payment, kind: kind, pair: pair, beneficiary: beneficiary }
`
const map = `
maps:
  - event: transaction
    fields:
      id: row.transactionId
      at: timestamp(row.eventTime)
      payee: string(row.payeeId)
      beneficiary: string(row.beneficiaryId)
      payment: row.paymentType
      kind: '"{paymentType=" + row.paymentType + ";payeeId=" + string(row.payeeId) + "}"'
      pair: string(row.payeeId) + "/" + string(row.beneficiaryId)
      amount: row.paymentAmount
`
const sumRule = (name: string, by: string, when: string, minutes: number): string => `
rule: ${name}
title: Sum of payments by ${by}
by: ${by}
features:
  total: { sum: amount, over: ${minutes}m }
when: ${when}
score: 50
severity: medium
`

describe.skipIf(sharedMissing('the Flink demonstration', 'data', 'flink-demo'))(
  'the Flink demonstration',
  { timeout: 60_000 },
  () => {
    const workspace = new Workspace()
    afterAll(() => workspace.close())
    const demonstration = (): Demonstration =>
      JSON.parse(readFileSync(sharedPath('data', 'flink-demo', 'rules-and-cases.json'), 'utf8'))

    const write = (name: string, rows: readonly EventCells[]): string => {
      const columns = demonstration().event_columns
      const objects = rows.map((cells) => {
        const row = Object.fromEntries(columns.map((column, i) => [column, cells[i]]))
        return { ...row, eventTime: `${cells[1].replace(' ', 'T')}Z` }
      })
      return workspace.write(name, objects.map((row) => `${JSON.stringify(row)}\n`).join(''))
    }
    const keyOf: Readonly<Record<string, string>> = { 'paymentType,payeeId': 'kind', paymentType: 'payment' }

    it.each([
      'dynamic key',
      'simplest alert',
      'same timestamp',
      'late event, state cleaned by watermark (delay 2 min)',
    ])('%s', async (name) => {
      const found = demonstration().cases.find((one) => one.name === name)
      if (found === undefined) throw new Error(`no case ${name}`)
      const { group, limit, windowMinutes } = found.rule
      const by = keyOf[group.join()]
      const rules = workspace.rules(name, {
        'events.yaml': events,
        'sum.rule.yaml': sumRule('sum', by, `total > ${limit}`, windowMinutes),
      })
      const flags = ['--map', workspace.write('demonstration.map.yaml', map), '--order', 'arrival'] as const
      const file = write(`${name.slice(0, 4)}.jsonl`, found.events)
      if (found.expected_key !== undefined) {
        const { lines } = await workspace.replay<{ key: string }>(rules, file, ...flags, '--emit', 'features')
        expect(lines.map(({ key }) => key)).toEqual([found.expected_key])
        return
      }
      const { lines } = await workspace.replay(rules, file, ...flags)
      expect(
        lines.map(({ event, key, features }) => ({ transactionId: Number(event), key, value: features?.['total'] })),
      ).toEqual(found.expected_alerts)
      expect(lines.every(({ status }) => status === 'raised')).toBe(true)
    })

    it('has its four rules in one set, each with the alerts of a plain computation', async () => {
      const [pairs, types, beneficiaries, resets] = demonstration().rules
      const rows = payments(3_000)
      const rules = workspace.rules('four', {
        'events.yaml': events,
        'pair-sum.rule.yaml': sumRule('pair-sum', 'pair', `total > ${pairs.limit}`, pairs.windowMinutes),
        'beneficiary-sum.rule.yaml': sumRule(
          ...([
            'beneficiary-sum',
            'beneficiary',
            `total >= ${beneficiaries.limit}`,
            beneficiaries.windowMinutes,
          ] as const),
        ),
        'quiet-type.rule.yaml': `
rule: quiet-type
title: Few payments of this type in a day
by: payment
features:
  n: { count: all, over: ${types.windowMinutes}m }
when: n < ${types.limit}
score: 10
severity: low
`,
        // A count that starts again after each alert: what one match took, no other takes.
        'count-with-reset.rule.yaml': `
rule: count-with-reset
title: Many payments of this type in a day, counted afresh after each alert
by: payment
pattern:
  - begin: payments
    times: ${resets.limit}
within: ${resets.windowMinutes}m
skip: past-last
score: 20
severity: low
`,
      })
      const { lines, deadLetters } = await workspace.replay(
        ...([rules, write('four.jsonl', rows), '--map', workspace.write('demonstration.map.yaml', map)] as const),
      )
      expect(deadLetters).toEqual([])
      const found = (rule: string): string[] =>
        lines
          .filter((alert) => alert.rule === rule)
          .map(eventOf)
          .sort((a, b) => Number(a) - Number(b))
      const [pair, beneficiary, type] = [
        (row: EventCells): string => `${row[2]}/${row[3]}`,
        (row: EventCells): string => String(row[3]),
        (row: EventCells): string => row[4],
      ]
      expect(found('pair-sum')).toEqual(
        idsOf(inWindows(rows, pair, pairs.windowMinutes), ({ sum }) => sum > pairs.limit),
      )
      expect(found('beneficiary-sum')).toEqual(
        idsOf(inWindows(rows, beneficiary, beneficiaries.windowMinutes), ({ sum }) => sum >= beneficiaries.limit),
      )
      expect(found('quiet-type')).toEqual(
        idsOf(inWindows(rows, type, types.windowMinutes), ({ count }) => count < types.limit),
      )
      expect(found('count-with-reset')).toEqual(withReset(rows, type, resets.windowMinutes, resets.limit))
      for (const rule of ['pair-sum', 'beneficiary-sum', 'quiet-type', 'count-with-reset'])
        expect(found(rule).length).toBeGreaterThan(10)
    })
  },
)

/** The event that completed the alert. */
const eventOf = ({ event, steps }: Alert): string => event ?? steps?.['payments']?.at(-1) ?? ''

/** Payments in order of time, some in the same second. */
function payments(count: number): EventCells[] {
  const random = seededRandom(5)
  const whole = (below: number): number => Math.floor(random() * below)
  let ms = Date.UTC(2026, 0, 1)
  return Array.from({ length: count }, (_, i) => {
    ms += 1000 * whole(600)
    const at = new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
    const type = random() < 0.7 ? 'CSH' : 'CRD'
    return [i + 1, at, 1000 + whole(8), 2000 + whole(12), type, (100_000_000 + whole(150_000_000)) / 100]
  })
}

const msOf = (row: EventCells): number => Date.parse(`${row[1].replace(' ', 'T')}Z`)

interface Window {
  readonly row: EventCells
  readonly count: number
  readonly sum: number
}

function inWindows(rows: readonly EventCells[], key: (row: EventCells) => string, minutes: number): Window[] {
  return rows.map((row, i) => {
    const inside = rows
      .slice(0, i + 1)
      .filter((other) => key(other) === key(row) && msOf(other) > msOf(row) - 60_000 * minutes)
    return { row, count: inside.length, sum: inside.reduce((sum, other) => sum + Math.round(other[5] * 100), 0) / 100 }
  })
}

const idsOf = (windows: readonly Window[], isFound: (window: Window) => boolean): string[] =>
  windows.filter(isFound).map(({ row }) => String(row[0]))

function withReset(
  rows: readonly EventCells[],
  key: (row: EventCells) => string,
  minutes: number,
  limit: number,
): string[] {
  const counted = new Map<string, EventCells[]>()
  return rows.flatMap((row) => {
    const before = (counted.get(key(row)) ?? []).filter((other) => msOf(other) > msOf(row) - 60_000 * minutes)
    const isReached = before.length + 1 >= limit
    counted.set(key(row), isReached ? [] : [...before, row])
    return isReached ? [String(row[0])] : []
  })
}
