import type { AlertRevision } from '#shared/actor/alert'
import { Engine } from '#shared/actor/engine'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { compareEvents } from '#shared/domain/event-order'
import { limits } from '#shared/domain/limits'
import { Arena } from '#shared/memory/arena'
import { compareAlerts } from '#shared/rule-language/compare-alerts'
import type { RuleSet } from '#shared/rule-language/rule-set'
import type { RuleTestCase } from '#shared/rule-language/rule-tests'
import { alertLines } from '#shared/wire/alert-line'
import { sha256Hex } from './sha256.ts'

/**
 * Runs one test. The rule stands alone: each of its hits is an alert (less its cooldown), whatever its scenario asks for.
 * @returns undefined if it passes; else expected and actual alerts side by side
 */
export function runRuleTest(ruleSet: RuleSet, test: RuleTestCase): string | undefined {
  const alone: RuleSet = {
    ...ruleSet,
    rules: [ruleSet.rules[test.rule]],
    scenarios: ruleSet.scenarios.map((scenario) => ({ ...scenario, alertThreshold: 0 })),
  }
  const standing = new Map<string, AlertRevision>()
  const engine = new Engine({
    ruleSet: alone,
    arena: new Arena(testMemoryBytes),
    latenessMs: limits.latenessMsDefault,
    isSorted: true,
    tenant: 'default',
    sha256Hex,
    hashKey: 0,
    sink: {
      alert: (revision) => {
        if (revision.status === 'withdrawn') standing.delete(revision.id)
        else standing.set(revision.id, revision)
      },
    },
  })
  const batch = batchOf(alone, test)
  for (let row = 0; row < batch.length; row++) engine.apply(batch, row)
  if (test.untilMs !== undefined) engine.advance(test.untilMs)
  const line = alertLines(alone)
  const inOrder = [...standing.values()].sort((a, b) => a.hit.at - b.hit.at)
  return compareAlerts(
    test.expected,
    inOrder.map((revision) => JSON.parse(line(revision))),
  )
}

function batchOf(ruleSet: RuleSet, { events }: RuleTestCase): EventBatch {
  const used = usedFields(ruleSet)
  const batch = new EventBatch(ruleSet.events, used)
  const inOrder = events.map((event) => ({ ...event, at: event.atMs })).sort(compareEvents)
  for (const { id, type, at, values } of inOrder) {
    const row = batch.append(type, at, id)
    batch.digest[row] = row
    for (const [field, value] of values) {
      if (!used.has(field)) continue
      const { numbers, texts, collections } = batch
      if (numbers[field] !== undefined) numbers[field][row] = value as number
      else if (texts[field] !== undefined) texts[field][row] = value as string
      else if (collections[field] !== undefined) collections[field][row] = value
    }
  }
  return batch
}

/** A test has tens of events. Reserved, not used. */
const testMemoryBytes = 64 * 2 ** 20
