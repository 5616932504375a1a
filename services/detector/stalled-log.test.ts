// A service whose log stands still and does not say so; and one that stands still for reasons that are known.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type EventLog, LogUnavailable } from '#shared/log/event-log'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { type CheckpointStore, StoreUnavailable } from '#shared/store/checkpoint-store'
import { MemoryCheckpointStore } from '#shared/store/checkpoint-store-memory'
import { rowsOf } from '../cli/serve/rows-of.ts'
import { Service } from './service.ts'

const ruleFiles = new Map([
  [
    'events.yaml',
    'events:\n  transaction:\n    fields: { account: string, amount: money }\n    keys: { account: account }\n',
  ],
  ['s/scenario.yaml', 'scenario: spending\ntitle: Spending\ncombine: max\nthresholds: { review: 20, decline: 50 }\n'],
  ['s/large.rule.yaml', 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n'],
])
const latenessMs = 600_000
const context = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` }

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 2, 1) }))
afterEach(() => void vi.useRealTimers())

/** `stalled`: until its reader is made anew. `dead`: for good. `away`: it says so. */
type Trouble = 'none' | 'stalled' | 'dead' | 'away'

class TroubledLog extends MemoryEventLog {
  trouble: Trouble = 'none'
  renewals = 0

  override get health(): EventLog['health'] {
    if (this.trouble !== 'away') return super.health
    return { isReady: false, reason: 'unreachable', detail: 'it is away' }
  }

  override async read(...args: Parameters<EventLog['read']>): ReturnType<EventLog['read']> {
    if (this.trouble === 'away') throw new LogUnavailable('unreachable', 'it is away')
    if (this.trouble === 'dead') await new Promise(() => {})
    return super.read(...args)
  }

  override async waitFor(...args: Parameters<EventLog['waitFor']>): Promise<void> {
    await super.waitFor(...args)
    if (this.trouble === 'stalled' || this.trouble === 'dead') await new Promise(() => {})
  }

  override renewReader(): void {
    this.renewals++
    if (this.trouble === 'stalled') this.trouble = 'none'
  }
}

/** What outlives a service. */
const place = () => ({ storage: new MemoryLogStorage(1), store: new MemoryCheckpointStore() })

async function started({ storage, store } = place(), state = { isStoreAway: false }) {
  const log = new TroubledLog({ storage, latenessMs })
  const checkpoints = new Proxy<CheckpointStore>(store, {
    get: (target, name) => {
      const method = Reflect.get(target, name).bind(target)
      return async (...args: readonly unknown[]) => {
        if (state.isStoreAway) throw new StoreUnavailable('unreachable', 'the store is away')
        return method(...args)
      }
    },
  })
  const { ruleSet } = loadRuleSet(ruleFiles)
  const losses: string[] = []
  const service = new Service({
    ruleSet: ruleSet!,
    ruleFiles,
    partitions: 1,
    latenessMs,
    memoryBytesMax: 16 * 2 ** 20,
    lateOutcome: 'review',
    newHashKey: 7,
    name: 'test',
    log,
    checkpoints,
    alerts: new MemoryAlertStore(),
    onFailure: (_, failure) => expect(failure).toBeUndefined(),
    onLogLost: (why) => losses.push(why),
    onMistake: (error) => expect(error).toBeUndefined(),
  })
  service.start()
  await vi.advanceTimersByTimeAsync(1_000)
  let sent = 0
  const send = async (): Promise<void> => {
    const id = `t${++sent}`
    const row = `{"id":"${id}","at":${Date.now()},"account":"A${id}","amount":150}`
    expect((await service.submit(rowsOf([row]), context)).kind).toBe('accepted')
  }
  const judged = (): number => service.counts.events
  return { service, log, losses, send, judged }
}

it('makes the reader anew where records have not come for 30 s, and goes on without loss', async () => {
  const { service, log, losses, send, judged } = await started()
  log.trouble = 'stalled'
  for (let i = 0; i < 3; i++) await send()
  await vi.advanceTimersByTimeAsync(29_000)
  expect([judged(), log.renewals]).toEqual([0, 0])
  await vi.advanceTimersByTimeAsync(3_000)
  expect([judged(), log.renewals, losses]).toEqual([3, 1, []])
  await send()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(judged()).toBe(4)
  await vi.advanceTimersByTimeAsync(600_000)
  expect([log.renewals, losses]).toEqual([1, []])
  await service.stop(1_000)
})

it('gives up, once and with what to do, where that does not help', async () => {
  const { log, losses, send } = await started()
  log.trouble = 'dead'
  await send()
  await vi.advanceTimersByTimeAsync(59_000)
  expect([log.renewals, losses]).toEqual([1, []])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(losses).toEqual([
    'partition 0 stands still at 2 since 60 s, and its log goes on to 3. Reading it anew did not help: start again; nothing accepted is lost',
  ])
})

it('does not give up while the checkpoint store is away, and goes on when it is back', async () => {
  const home = place()
  const before = await started(home)
  await before.send()
  await vi.advanceTimersByTimeAsync(1_000)
  await before.service.stop(1_000)
  const state = { isStoreAway: true }
  const { service, log, losses } = await started(home, state)
  await vi.advanceTimersByTimeAsync(600_000)
  expect([log.renewals, losses]).toEqual([0, []])
  expect(service.unready()).toContain('checkpoints cannot be claimed: the store is away')
  state.isStoreAway = false
  await vi.advanceTimersByTimeAsync(3_000)
  expect(service.unready()).toEqual([])
  await service.stop(1_000)
})

it('does not end while its log is away for long, refuses what comes meanwhile, and goes on when it is back', async () => {
  const { service, log, losses, send, judged } = await started()
  await send()
  log.trouble = 'away'
  await vi.advanceTimersByTimeAsync(600_000)
  expect(losses).toEqual([])
  expect(await service.submit(rowsOf(['{"id":"u","at":1,"account":"A","amount":1}']), context)).toMatchObject({
    kind: 'unavailable',
    reason: 'unreachable',
    retryAfterSeconds: 1,
  })
  log.trouble = 'none'
  await send()
  await vi.advanceTimersByTimeAsync(3_000)
  expect([judged(), service.unready()]).toEqual([2, []])
  await service.stop(1_000)
})
