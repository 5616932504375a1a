// Windows as Vigil computes them, against those that the authors of the Fraud Detection Handbook published.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handbookEvents, handbookFiles, handbookMap } from '../support/handbook.ts'
import { sharedMissing, sharedPath } from '../support/shared-data.ts'
import { Workspace } from '../support/vigil-command.ts'

const days = [1, 7, 30]
const windowRule = (name: string, by: string, features: readonly string[]): string => `
rule: ${name}
title: The published windows of a ${name}
by: ${by}
features:
${features.map((feature) => `  ${feature}`).join('\n')}
when: n_1 < 0
score: 10
severity: low
`

const rules = {
  'events.yaml': handbookEvents,
  'customer.rule.yaml': windowRule(
    'customer',
    'account',
    days.flatMap((d) => [`n_${d}: { count: all, over: ${d}d }`, `mean_${d}: { avg: amount, over: ${d}d }`]),
  ),
  'terminal.rule.yaml': windowRule(
    'terminal',
    'terminal',
    days.flatMap((d) => [
      `n_${d}: { count: all, over: ${d}d, delay: 7d }`,
      `risk_${d}: { share: fraud, over: ${d}d, delay: 7d }`,
    ]),
  ),
}

type Cells = Readonly<Record<string, string>>
type Features = Readonly<Record<string, number>>
const kinds = ['customer', 'terminal'] as const
type Kind = (typeof kinds)[number]

function cellsOf(csv: string): Cells[] {
  const [header, ...rows] = csv.trimEnd().split('\n')
  const columns = header.split(',')
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [columns[i], cell])))
}

function published(cells: Cells, kind: Kind): Features {
  const columns = days.flatMap((d): [string, string][] =>
    kind === 'customer'
      ? [
          [`n_${d}`, `CUSTOMER_ID_NB_TX_${d}DAY_WINDOW`],
          [`mean_${d}`, `CUSTOMER_ID_AVG_AMOUNT_${d}DAY_WINDOW`],
        ]
      : [
          [`n_${d}`, `TERMINAL_ID_NB_TX_${d}DAY_WINDOW`],
          [`risk_${d}`, `TERMINAL_ID_RISK_${d}DAY_WINDOW`],
        ],
  )
  return Object.fromEntries(columns.map(([name, column]) => [name, Number(cells[column])]))
}

/** Counts are equal, means and shares to 1e-9. */
const agree = (actual: Features | undefined, expected: Features): boolean =>
  actual !== undefined &&
  Object.entries(expected).every(([name, value]) =>
    name.startsWith('n_') ? actual[name] === value : Math.abs(actual[name] - value) <= 1e-9,
  )

describe.skipIf(sharedMissing('the windows of the handbook', 'data', 'handbook'))('the windows of the handbook', () => {
  const workspace = new Workspace()
  let folder = ''
  let map = ''
  beforeAll(() => {
    folder = workspace.rules('rules', rules)
    map = workspace.write('handbook.map.yaml', handbookMap)
  })
  afterAll(() => workspace.close())

  /** The features that a replay writes, by `customer 123`: the rule and the id of the event. */
  async function featuresOf(events: string): Promise<ReadonlyMap<string, Features>> {
    const { lines } = await workspace.replay<{ id: string; rule: string; features: Features }>(
      ...([folder, events, '--map', map, '--emit', 'features'] as const),
    )
    return new Map(lines.map(({ id, rule, features }) => [`${rule} ${id}`, features]))
  }

  it('are those of the slice that is closed by itself', { timeout: 120_000 }, async () => {
    const file = sharedPath('data', 'handbook', 'small-closed-slice.csv.gz')
    const found = await featuresOf(file)
    const wrong: string[] = []
    const compared = { customer: 0, terminal: 0 }
    for (const cells of cellsOf(gunzipSync(readFileSync(file)).toString())) {
      for (const kind of kinds) {
        if (cells[`${kind.toUpperCase()}_COMPLETE`] !== '1') continue
        compared[kind]++
        const name = `${kind} ${cells['TRANSACTION_ID']}`
        if (!agree(found.get(name), published(cells, kind))) wrong.push(name)
      }
    }
    expect(wrong).toEqual([])
    expect(compared).toEqual({ customer: 23_622, terminal: 18_465 })
  })

  describe('at the edges', () => {
    const cases = (): Cells[] => cellsOf(readFileSync(sharedPath('data', 'handbook', 'window-edge-cases.csv'), 'utf8'))
    const reversed = (): Cells[] => cases().filter((cells) => cells['CASE'] === 'published-tie-order-reversed')
    let found: ReadonlyMap<string, Features>
    const isFound = (cells: Cells, kind: Kind, expected = published(cells, kind)): boolean =>
      agree(found.get(`${kind} ${cells['TRANSACTION_ID']}`), expected)

    // A window holds nothing but transactions of that customer or terminal, and the oldest reach back 37 days: with those of
    // 40 days before each case, each has all that its windows hold and what has left them last.
    beforeAll(async () => {
      const involved = { customer: new Map<string, number[]>(), terminal: new Map<string, number[]>() }
      for (const cells of cases())
        for (const kind of kinds) {
          const name = cells[`${kind.toUpperCase()}_ID`]
          involved[kind].set(name, [...(involved[kind].get(name) ?? []), Number(cells['TX_TIME_SECONDS'])])
        }
      const isNeeded = (times: readonly number[] | undefined, seconds: number): boolean =>
        times?.some((time) => seconds <= time && seconds >= time - 40 * 86_400) === true
      const rows = handbookFiles.flatMap((file, i) => {
        const [header, ...all] = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n')
        const kept = all.filter((row) => {
          const [, seconds, customer, terminal] = row.split(',', 4)
          return (
            isNeeded(involved.customer.get(customer), Number(seconds)) ||
            isNeeded(involved.terminal.get(terminal), Number(seconds))
          )
        })
        return i === 0 ? [header, ...kept] : kept
      })
      found = await featuresOf(workspace.write('involved.csv', `${rows.join('\n')}\n`))
    }, 120_000)

    it('are those of the complete stream', () => {
      const swapped = new Set(reversed().map((cells) => cells['TRANSACTION_ID']))
      const ordinary = cases().filter((cells) => !swapped.has(cells['TRANSACTION_ID']))
      expect(ordinary).toHaveLength(385)
      expect(ordinary.filter((cells) => !kinds.every((kind) => isFound(cells, kind)))).toEqual([])
    })

    it('take two transactions of one second by their ids, also where they were published the other way round', () => {
      const all = reversed()
      expect(all).toHaveLength(20)
      for (let i = 0; i < all.length; i += 2) {
        const [first, second] = [all[i], all[i + 1]]
        expect(first['TX_TIME_SECONDS']).toBe(second['TX_TIME_SECONDS'])
        // Published for the first of the two are the windows with both, which ours has at the second.
        const withBoth = published(first, 'customer')
        const withFirst = days.map((d): [string, number][] => {
          const [n, mean] = [withBoth[`n_${d}`], withBoth[`mean_${d}`]]
          return [
            [`n_${d}`, n - 1],
            [`mean_${d}`, (n * mean - Number(second['TX_AMOUNT'])) / (n - 1)],
          ]
        })
        expect(isFound(second, 'customer', withBoth)).toBe(true)
        expect(isFound(first, 'customer', Object.fromEntries(withFirst.flat()))).toBe(true)
        expect(isFound(first, 'terminal') && isFound(second, 'terminal')).toBe(true)
      }
    })
  })
})
