import { describe, expect, it } from 'vitest'
import { MemoryEventLog, MemoryLogStorage } from '#shared/log/event-log-memory'
import { MemoryAlertStore } from '#shared/store/alert-store-memory'
import { bankRules } from '../../tests/support/bank.ts'
import { splitLines } from '../api/rows.ts'
import { Intake } from './intake.ts'

const ruleSet = bankRules({ large: 'when: amount > 100' })

/** What is wrong with rows: place, field and reason of each problem. */
async function problemsOf(
  ...rows: readonly string[]
): Promise<readonly (readonly [number, string | undefined, string])[]> {
  const intake = new Intake({
    ruleSet,
    partitions: 1,
    log: new MemoryEventLog({ storage: new MemoryLogStorage(1), latenessMs: 600_000 }),
    alerts: new MemoryAlertStore(),
    lateOutcome: 'review',
    refusal: () => undefined,
    onAppended: () => {},
  })
  const body = splitLines(Buffer.from(rows.join('\n')))
  if (body.kind !== 'rows') throw new Error(body.kind)
  const submitted = await intake.submit(body.rows, { traceparent: '' })
  if (submitted.kind !== 'invalid') throw new Error(submitted.kind)
  return submitted.problems.map(({ index, problem: { reason, field } }) => [index, field, reason])
}

describe('events that are refused', () => {
  it('are told of every field that they lack, not just of the first', async () => {
    const good = '{"id":"a","at":1,"account":"A","amount":1,"channel":"pos"}'
    expect(
      await problemsOf(good, '{}', '{"id":"b","at":1,"amount":null}', good, '{"id":"c","at":1,"type":"login"}'),
    ).toEqual([
      ...['id', 'at', 'account', 'amount', 'channel'].map((field) => [1, field, 'missing-field']),
      ...['account', 'amount', 'channel'].map((field) => [2, field, 'missing-field']),
      ...['account', 'success'].map((field) => [4, field, 'missing-field']),
    ])
  })

  it('are all told of, but of no more fields than an answer names', async () => {
    const problems = await problemsOf(...Array<string>(200).fill('{}'))
    expect(problems.slice(0, 100)).toEqual(
      Array.from({ length: 20 }, (_, i) =>
        ['id', 'at', 'account', 'amount', 'channel'].map((field) => [i, field, 'missing-field']),
      ).flat(),
    )
    expect(problems).toHaveLength(280)
  })
})
