import { describe, expect, it } from 'vitest'
import { type AppendRequest, type EventLog, LogUnavailable } from '#shared/log/event-log'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import { type AlertStore, AlertStoreUnavailable } from '#shared/store/alert-store'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { rowsOf } from '../cli/serve/rows-of.ts'
import { Intake } from './intake.ts'

const { ruleSet } = loadRuleSet(
  new Map([
    [
      'events.yaml',
      'events: { transaction: { fields: { account: string, amount: money }, keys: { account: account } } }',
    ],
    ['large.rule.yaml', 'rule: large\nwhen: amount > 100\nscore: 90\nseverity: high\n'],
  ]),
)
const rows = rowsOf(['{"id":"e1","at":"2026-03-01T12:00:00Z","account":"A","amount":500}'])
const context = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }

/** Nobody owns the partition: an `ask` is judged at once, as one whose event is no longer known. */
function intakeOver(trouble: { asks?: Error | undefined; evidence?: Error | undefined }) {
  if (ruleSet === undefined) throw new Error('the rules have errors')
  const inner = new MemoryEventLog({ storage: new MemoryLogStorage(1), latenessMs: 600_000 })
  const asks: number[] = []
  const log = Object.assign(Object.create(inner) as EventLog, {
    append: async (request: AppendRequest) => {
      if (request.kind === 'ask' && trouble.asks !== undefined) throw trouble.asks
      const result = await inner.append(request)
      if (request.kind === 'ask' && result.kind === 'appended') {
        asks.push(result.offsets[0])
        intake.judged(0, [{ offset: result.offsets[0], id: 'e1', outcome: 'duplicate', decision: undefined }])
      }
      return result
    },
    find: (ids: readonly string[]) => inner.find(ids),
  })
  const alerts = Object.assign(Object.create(new MemoryAlertStore()) as AlertStore, {
    decision: async () => [],
    evidence: async () => {
      if (trouble.evidence !== undefined) throw trouble.evidence
      return undefined
    },
  })
  const refusal = (): undefined => undefined
  const onAppended = (): void => {}
  const intake = new Intake({ ruleSet, partitions: 1, log, alerts, lateOutcome: 'review', refusal, onAppended })
  return { intake, asks }
}

describe('the decision on an event that was sent before without asking', () => {
  it('comes from the alerts that stand where the owner no longer knows it (N2)', async () => {
    const { intake, asks } = intakeOver({})
    await intake.submit(rows, context)
    const answer = await intake.decide(rows, context, 1_000)
    expect(answer).toMatchObject({ kind: 'decided', body: expect.stringContaining('"outcome":"allow"') })
    expect(asks).toEqual([2])
  })

  it('is told to be asked for again where the log cannot be written, and then is', async () => {
    const trouble: { asks?: Error | undefined } = { asks: new LogUnavailable('disk-full', 'no room') }
    const { intake, asks } = intakeOver(trouble)
    await intake.submit(rows, context)
    expect(await intake.decide(rows, context, 1_000)).toMatchObject({ kind: 'unavailable', reason: 'disk-full' })
    trouble.asks = undefined
    expect(await intake.decide(rows, context, 1_000)).toMatchObject({ kind: 'decided' })
    expect(asks).toEqual([2])
  })

  it('is told to be asked for again where the alerts cannot be read', async () => {
    const { intake } = intakeOver({ evidence: new AlertStoreUnavailable('away') })
    await intake.submit(rows, context)
    expect(await intake.decide(rows, context, 1_000)).toMatchObject({ kind: 'unavailable', reason: 'unreachable' })
  })
})
