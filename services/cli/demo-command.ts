import { fileURLToPath } from 'node:url'
import type { AlertRevision } from '#shared/actor/alert'
import { Engine } from '#shared/actor/engine'
import { usedFields } from '#shared/actor/used-fields'
import { EventBatch } from '#shared/domain/event-batch'
import { invariant } from '#shared/domain/invariant'
import { limits } from '#shared/domain/limits'
import { generate } from '#shared/generator/generate'
import { Arena } from '#shared/memory/arena'
import { JsonCodec } from '#shared/wire/json-codec'
import { type Command, readFlags, wholeNumber } from './command.ts'
import { AlertPrinter } from './demo/alert-printer.ts'
import { Scorecard } from './demo/scorecard.ts'
import { exitCodes } from './failure.ts'
import { loadRuleFolder } from './rule-folder.ts'
import { sha256Hex } from './sha256.ts'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'see how right the shipped rules are on a generated stream',
  help: `Usage: vigil demo [flags]

Generates the events of a bank with labelled fraud, judges each as it comes, prints every alert, and
says at the end how right the shipped rules were.

  --seed N          default 1
  --customers N     default 2000
  --days N          default 90

Example:
  vigil demo --seed 7`,
  run,
}

async function run(args: readonly string[]): Promise<number> {
  const { values } = readFlags(
    args,
    {
      seed: { type: 'string', default: '1' },
      customers: { type: 'string', default: '2000' },
      days: { type: 'string', default: '90' },
    },
    { min: 0, max: 0, what: 'nothing' },
  )
  const seed = wholeNumber('seed', values.seed, 0, 2 ** 32 - 1)
  const customers = wholeNumber('customers', values.customers, 1, 1_000_000)
  const days = wholeNumber('days', values.days, 1, 3_650)
  const ruleSet = await loadRuleFolder(fileURLToPath(new URL('../../rules', import.meta.url)))
  console.log(
    `Vigil: ${ruleSet.rules.length} rules in ${ruleSet.scenarios.length} scenarios watch ${customers.toLocaleString('en')} customers for ${days} days (seed ${seed})\n`,
  )
  const printer = new AlertPrinter(ruleSet, process.stdout)
  const scorecard = new Scorecard(ruleSet)
  const engine = new Engine({
    ruleSet,
    arena: new Arena(demoMemoryBytes),
    latenessMs: limits.latenessMsDefault,
    isSorted: false,
    tenant: 'default',
    sha256Hex,
    hashKey: seed,
    sink: {
      alert: (revision: AlertRevision) => {
        scorecard.add(revision)
        printer.print(revision)
      },
    },
  })
  const batch = new EventBatch(ruleSet.events, usedFields(ruleSet))
  const codec = new JsonCodec(ruleSet.events)
  const startedAt = performance.now()
  let events = 0
  for (const { event, label } of generate({ seed, customers, days, start: demoStart })) {
    const bytes = Buffer.from(JSON.stringify(event))
    const problem = codec.decode(bytes, 0, bytes.length, batch, ++events)
    invariant(problem === undefined, `the generator's events fit rules/events.yaml: ${problem?.message}`)
    if (label !== null) scorecard.label(event.id, label)
    engine.apply(batch, 0)
    batch.clear()
    if (events % eventsPerStatus === 0) {
      printer.status(events, engine.actors, events / ((performance.now() - startedAt) / 1000))
      await new Promise(setImmediate)
    }
  }
  const seconds = (performance.now() - startedAt) / 1000
  printer.end()
  console.log(scorecard.text({ events, seconds, actors: engine.actors }))
  return exitCodes.done
}

const demoStart = Date.UTC(2026, 0, 1)
const eventsPerStatus = 2_000
/** Reserved, not used: pages come as accounts come. */
const demoMemoryBytes = 2 * 2 ** 30
