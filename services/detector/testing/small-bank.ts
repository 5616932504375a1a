// A small bank for tests of a whole service: its rules, its events, and all that is found, in a form that two runs can be compared by.
import { expect, vi } from 'vitest'
import type { EventLog } from '#shared/log/event-log'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { AlertStore } from '#shared/store/alert-store'
import type { CheckpointStore } from '#shared/store/checkpoint-store'
import { rowsOf } from '../../cli/serve/rows-of.ts'
import { Service, type ServiceOptions } from '../service.ts'

export const latenessMs = 600_000

/** @param score of the rule for large amounts, for a start with other rules */
export const ruleFilesOf = (score: number): ReadonlyMap<string, string> =>
  new Map([
    [
      'events.yaml',
      'events:\n  transaction:\n    fields: { account: string, amount: money }\n    keys: { account: account }\n',
    ],
    ['s/scenario.yaml', 'scenario: spending\ntitle: Spending\ncombine: max\nthresholds: { review: 20, decline: 50 }\n'],
    ['s/large.rule.yaml', `rule: large\nwhen: amount > 100\nscore: ${score}\nseverity: high\n`],
    [
      's/many.rule.yaml',
      'rule: many\nfeatures: { n: { count: all, over: 1h } }\nwhen: n >= 5 && n % 3 != 0\nscore: 20\nseverity: low\n',
    ],
    [
      's/probe.rule.yaml',
      `rule: probe
pattern:
  - begin: probe
    where: amount < 5
  - followedBy: strike
    where: amount > 100
within: 30m
skip: past-last
score: 60
severity: high
`,
    ],
  ])
const ruleFilesUsual = ruleFilesOf(30)

/**
 * Rows from one number to another. One payment in seven is a repeat, one in ten comes behind newer ones, a few come too late.
 * @param name before the number of each event. @param laterMs by which all of them are later
 */
export const rows = (
  from: number,
  to: number,
  { name = 'e', laterMs = 0 }: { readonly name?: string; readonly laterMs?: number } = {},
): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => {
    const row = from + i
    const number = row % 7 === 6 ? row - 3 : row
    const behindMs = number % 101 === 100 ? 2 * latenessMs : number % 10 === 0 ? latenessMs / 3 : 0
    const at = Date.UTC(2026, 2, 1) + laterMs + number * 2_000 - behindMs
    const amount = [150, 3, 15, 40][number % 4] + (number % 13)
    return `{"id":"${name}${number}","at":${at},"account":"A${(number * 7) % 37}","amount":${amount}}`
  })

export interface Stores {
  readonly partitions: number
  readonly log: EventLog
  readonly checkpoints: CheckpointStore
  readonly alerts: AlertStore
}

/** A service over these stores, which must not fail. */
export function start(stores: Stores, options: Partial<ServiceOptions> = {}): Service {
  const { ruleFiles = ruleFilesUsual } = options
  const { ruleSet } = loadRuleSet(ruleFiles)
  if (ruleSet === undefined) throw new Error('the rules have errors')
  const service = new Service({
    ...stores,
    ruleSet,
    ruleFiles,
    latenessMs,
    memoryBytesMax: 64 * 2 ** 20,
    lateOutcome: 'review',
    newHashKey: 7,
    name: 'test',
    onFailure: (_, failure) => expect(failure).toBeUndefined(),
    onLogLost: (detail) => expect(detail).toBeUndefined(),
    onMistake: (error) => expect(error).toBeUndefined(),
    ...options,
  })
  service.start()
  return service
}

export const ready = (service: Service): Promise<void> =>
  vi.waitFor(() => expect(service.unready()).toEqual([]), patience)

/** All that the log has is judged, and all that was found is delivered and noted as delivered. */
export const atRest = (service: Service): Promise<void> =>
  vi.waitFor(async () => {
    expect(service.unready()).toEqual([])
    const left = /^(vigil_partition_lag_records|vigil_checkpoint_lag_records|vigil_outbox_entries)\{.*\} [1-9]/m
    expect(left.exec(await service.metrics('prometheus'))?.[0]).toBeUndefined()
  }, patience)

/** As a bank sends: what is not taken now is sent again. */
export async function send(service: Service, all: readonly string[], rowsAtOnce = 25): Promise<void> {
  for (let from = 0; from < all.length; from += rowsAtOnce)
    await vi.waitFor(async () => {
      const answer = await service.submit(rowsOf(all.slice(from, from + rowsAtOnce)), context)
      expect(answer.kind).toBe('accepted')
    }, patience)
}

/** All that the store holds of alerts, in an order that says nothing of arrival; without positions, as each start has a claim in the log. */
export async function findings(alerts: AlertStore): Promise<readonly unknown[]> {
  const ids = new Set<string>()
  for (let at = 0; ; ) {
    const { revisions, upTo } = await alerts.revisions(at, {}, 500)
    for (const { line } of revisions) ids.add(JSON.parse(line).id)
    if (upTo === at) break
    at = upTo
  }
  const found: unknown[] = []
  for (const id of [...ids].sort()) {
    const alert = await alerts.alert(id)
    const events = alert?.events.map(({ id: event, at, step, event: text }) => ({ event, at, step, text }))
    const revisions = alert?.revisions.map(({ revision, status, line }) => ({ revision, status, line }))
    found.push({ id, explanation: alert?.explanation, events, revisions })
  }
  return found
}

export const context = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
export const patience = { timeout: 30_000, interval: 10 }
