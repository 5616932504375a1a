// A service whose alert store goes away, answers late, or takes what it says that it has not taken.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EventLog } from '#shared/log/event-log'
import { openSqliteLog } from '#shared/log/event-log-sqlite'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import { type AlertStore, AlertStoreUnavailable } from '#shared/store/alert-store'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { SqliteCheckpointStore } from '#shared/store/checkpoint-store-sqlite'
import { rowsOf } from '../cli/serve/rows-of.ts'
import { ReopeningAlertStore } from './reopening-alert-store.ts'
import { Service } from './service.ts'

const latenessMs = 600_000

const ruleFiles = new Map([
  [
    'events.yaml',
    'events:\n  transaction:\n    fields: { account: string, amount: money }\n    keys: { account: account }\n',
  ],
  ['s/scenario.yaml', 'scenario: spending\ntitle: Spending\ncombine: max\nthresholds: { review: 20, decline: 50 }\n'],
  ['s/large.rule.yaml', 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n'],
  [
    's/many.rule.yaml',
    'rule: many\nfeatures: { n: { count: all, over: 1h } }\nwhen: n >= 5\nscore: 20\nseverity: low\n',
  ],
])

/** Payments of twenty accounts; one in four is large, and one in ten comes later than newer ones of its account. */
const payments: readonly string[] = Array.from({ length: 2_000 }, (_, i) => {
  const at = Date.UTC(2026, 2, 1) + i * 1_000 - (i % 10 === 0 ? 300_000 : 0)
  return `{"id":"t${i}","at":${at},"account":"A${(i * 7) % 20}","amount":${i % 4 === 0 ? 150 : 15}}`
})

let folder: string
let open: { close(): Promise<void> }[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigil-store-away-'))
  open = []
})
afterEach(async () => {
  for (const resource of open.reverse()) await resource.close()
  rmSync(folder, { recursive: true })
})

/** A store in front of another one, that does as it is told. */
interface Front {
  /** undefined: it answers. `unheard`: what it is asked is done, and nobody hears of it. */
  trouble: 'away' | 'unheard' | undefined
  readonly store: AlertStore
}

function frontOf(inner: AlertStore): Front {
  const store = new Proxy(inner, {
    get(target, name) {
      // Its connection closes; the database stays.
      if (name === 'close') return async () => {}
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: readonly unknown[]) => {
        const refuse = (): never => {
          throw new AlertStoreUnavailable('the store is away')
        }
        if (front.trouble === 'away') refuse()
        const answer: unknown = await method.apply(target, args)
        return front.trouble === 'unheard' ? refuse() : answer
      }
    },
  })
  const front: Front = { trouble: undefined, store }
  return front
}

interface World {
  readonly log: EventLog
  readonly checkpoints: SqliteCheckpointStore
}

async function world(name: string): Promise<World> {
  const log = await openSqliteLog({ folder: join(folder, name), partitions: 1, latenessMs })
  const checkpoints = new SqliteCheckpointStore(join(folder, name))
  open.push(log, checkpoints)
  return { log, checkpoints }
}

async function started({ log, checkpoints }: World, alerts: AlertStore): Promise<Service> {
  const { ruleSet } = loadRuleSet(ruleFiles)
  if (ruleSet === undefined) throw new Error('the rules have errors')
  const service = new Service({
    ruleSet,
    ruleFiles,
    partitions: 1,
    latenessMs,
    memoryBytesMax: 64 * 2 ** 20,
    lateOutcome: 'review',
    newHashKey: 7,
    name: 'test',
    log,
    checkpoints,
    alerts,
    onFailure: (_, failure) => expect(failure).toBeUndefined(),
    onLogLost: (detail) => expect(detail).toBeUndefined(),
    onMistake: (error) => expect(error).toBeUndefined(),
  })
  service.start()
  await vi.waitFor(() => expect(service.unready().join()).not.toContain('partition'), patience)
  return service
}

async function send(service: Service, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 100) {
    const answer = await service.submit(rowsOf(payments.slice(i, Math.min(i + 100, to))), context)
    expect(answer.kind).toBe('accepted')
  }
}

const context = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }
const patience = { timeout: 20_000, interval: 10 }

const delivered = (service: Service): Promise<void> =>
  vi.waitFor(async () => {
    const metrics = await service.metrics('prometheus')
    for (const name of ['vigil_partition_lag_records', 'vigil_checkpoint_lag_records', 'vigil_outbox_entries'])
      expect(metrics).toContain(`\n${name}{partition="0"} 0\n`)
  }, patience)

/** All revisions in the order in which they were stored, each once or as often as it is there. */
async function revisions(store: AlertStore): Promise<readonly string[]> {
  const lines: string[] = []
  for (let after = 0; ; ) {
    const { revisions: page, upTo } = await store.revisions(after, {}, 500)
    lines.push(...page.map(({ line }) => line))
    if (upTo === after) return lines
    after = upTo
  }
}

/** What a store holds after a calm life. */
async function calmRevisions(): Promise<readonly string[]> {
  const alerts = new MemoryAlertStore()
  const service = await started(await world('calm'), alerts)
  await send(service, 0, payments.length)
  await delivered(service)
  await service.stop(5_000)
  return await revisions(alerts)
}

it('loses and doubles nothing while its alert store comes and goes, and takes events all the time', {
  timeout: 60_000,
}, async () => {
  const expected = await calmRevisions()
  const inner = new MemoryAlertStore()
  const front = frontOf(inner)
  const alerts = new ReopeningAlertStore(front.store, async () => front.store)
  const service = await started(await world('away'), alerts)
  await send(service, 0, 500)
  front.trouble = 'away'
  await send(service, 500, 1_000)
  await vi.waitFor(() => expect(service.unready().join()).toContain('alerts cannot be stored'), patience)
  expect(await inner.lastCursor()).toBeLessThan(expected.length / 2)
  // It is taken and done, and not heard of: the same comes again.
  front.trouble = 'unheard'
  // Before they are sent: by the time the last one is taken, all may be delivered.
  const before = await inner.lastCursor()
  await send(service, 1_000, 1_500)
  await vi.waitFor(async () => expect(await inner.lastCursor()).toBeGreaterThan(before), patience)
  front.trouble = undefined
  await send(service, 1_500, 2_000)
  await delivered(service)
  await vi.waitFor(() => expect(service.unready()).toEqual([]), patience)
  await service.stop(5_000)
  expect(await revisions(inner)).toEqual(expected)
})

it('decides while its alert store is away, and answers the same afterwards', { timeout: 60_000 }, async () => {
  const front = frontOf(new MemoryAlertStore())
  const service = await started(await world('decided'), front.store)
  front.trouble = 'away'
  const ask = (): ReturnType<Service['decide']> => service.decide(rowsOf([payments[4]]), context, 5_000)
  const first = await ask()
  expect(first).toMatchObject({ kind: 'decided', body: expect.stringContaining('"outcome":"decline","score":50') })
  expect(await ask()).toMatchObject(first)
  front.trouble = undefined
  await delivered(service)
  expect(await ask()).toMatchObject(first)
  await service.stop(5_000)
})

it('delivers at the next start what its alert store did not take before the stop', { timeout: 60_000 }, async () => {
  const expected = await calmRevisions()
  const inner = new MemoryAlertStore()
  const front = frontOf(inner)
  const place = await world('stopped')
  const service = await started(place, front.store)
  await send(service, 0, 500)
  front.trouble = 'away'
  await send(service, 500, 2_000)
  await service.stop(5_000)
  expect(await inner.lastCursor()).toBeLessThan(expected.length / 2)

  front.trouble = undefined
  const next = await started(place, front.store)
  await delivered(next)
  await next.stop(5_000)
  expect(await revisions(inner)).toEqual(expected)
})
