// What saving and loading actors costs: `node load-tests/checkpoint.bench.ts [accounts] [events per account]`.
// Measured: taking the state out of the arena and writing its bytes; reading them and applying the records again. Left out: the store,
// the network, and the alert book beyond the few alerts of the rules. Accounts are drawn evenly, which is the worst for the caches.

import { Engine } from '../shared/actor/engine.ts'
import { usedFields } from '../shared/actor/used-fields.ts'
import { StateCodec } from '../shared/checkpoint/state-codec.ts'
import { sha256Hex } from '../shared/domain/digest.ts'
import { EventBatch } from '../shared/domain/event-batch.ts'
import { Random } from '../shared/generator/random.ts'
import { Arena } from '../shared/memory/arena.ts'
import { loadRuleSet } from '../shared/rule-language/load-rule-set.ts'

const accounts = Number(process.argv[2] ?? 50_000)
const eventsEach = Number(process.argv[3] ?? 20)
const appendedEvents = 20_000

const files = new Map([
  [
    'events.yaml',
    'events:\n  transaction: { fields: { account: string, amount: money, merchant: string }, keys: { account: account } }\n',
  ],
  [
    'spending.rule.yaml',
    `rule: spending
features:
  n:         { count: all, over: 1h }
  spent:     { sum: amount, over: 1d }
  most:      { max: amount, over: 30d, current: exclude }
  merchants: { distinct: merchant, over: 7d }
when: n >= 3 && spent > 900 && amount > most && merchants > 4
score: 50
severity: low
`,
  ],
  [
    'probe-then-strike.rule.yaml',
    `rule: probe-then-strike
pattern:
  - begin: probe
    where: amount < 3
    times: 2+
  - followedBy: strike
    where: amount >= 100 && amount > 20 * avg(probe.amount)
within: 1h
skip: past-last
score: 90
severity: high
`,
  ],
])

const { ruleSet } = loadRuleSet(files)
if (ruleSet === undefined) throw new Error('the rules of the benchmark are not valid')
const newEngine = () => {
  const engine = new Engine({
    ruleSet,
    arena: new Arena(4 * 2 ** 30),
    latenessMs: 600_000,
    isSorted: false,
    tenant: 'bench',
    hashKey: 1,
    sha256Hex,
    sink: { alert: () => {} },
  })
  engine.states.track()
  return engine
}

const batch = new EventBatch(ruleSet.events, usedFields(ruleSet), 64)
const fieldOf = (path: string): number => ruleSet.events.fields.findIndex((field) => field.path === path)
const [account, amount, merchant] = [fieldOf('account'), fieldOf('amount'), fieldOf('merchant')]
const random = new Random(1)
const engine = newEngine()
let number = 0

function applyEvents(count: number): void {
  for (let i = 0; i < count; i++) {
    number++
    batch.clear()
    const at = 1_700_000_000_000 + Math.floor((number * 30 * 86_400_000) / (accounts * eventsEach))
    const row = batch.append(0, at, `tx-${number}`)
    ;(batch.texts[account] as string[])[row] = `account-${random.integer(1, accounts)}`
    ;(batch.numbers[amount] as Float64Array)[row] = Math.round(100 * random.logNormal(30, 1))
    ;(batch.texts[merchant] as string[])[row] = `merchant-${random.integer(1, 2_000)}`
    batch.digest[row] = random.bits()
    engine.apply(batch, row)
  }
}

function report(what: string, ms: number, records: number, bytes: number, actors: number): void {
  const perRecord = `${((ms * 1e6) / records).toFixed(0)} ns and ${(bytes / records).toFixed(0)} B per record`
  const perActor = `${((ms * 1e3) / actors).toFixed(2)} µs and ${(bytes / actors).toFixed(0)} B per actor`
  console.log(`${what}: ${perRecord}; ${perActor}; ${actors} actors`)
}

applyEvents(accounts * eventsEach)
const codec = new StateCodec(engine.states)
const bases = new Map<string, Uint8Array>()

for (const round of ['first', 'second', 'third']) {
  let [records, bytes] = [0, 0]
  const actors = round === 'first' ? engine.states.changed() : [...bases.keys()].map((key) => ({ population: 0, key }))
  const start = performance.now()
  for (const actor of actors) {
    const state = engine.states.save(actor)
    records += state.history.rows.length
    const base = codec.encodeActor(state)
    bytes += base.length
    bases.set(actor.key, base)
  }
  report(`bases, ${round} time`, performance.now() - start, records, bytes, actors.length)
}

for (let round = 0; round < 5; round++) {
  applyEvents(appendedEvents)
  let [bytes, slowest] = [0, 0]
  const start = performance.now()
  const actors = engine.states.changed()
  for (let from = 0; from < actors.length; from += 500) {
    const slice = performance.now()
    for (const actor of actors.slice(from, from + 500))
      bytes += (
        engine.states.canAppend(actor)
          ? codec.encodeAppended(engine.states.saveAppended(actor))
          : codec.encodeActor(engine.states.save(actor))
      ).length
    slowest = Math.max(slowest, performance.now() - slice)
  }
  report('appended', performance.now() - start, appendedEvents, bytes, actors.length)
  console.log(`  slowest slice of 500 actors: ${slowest.toFixed(2)} ms`)
}

for (let round = 0; round < 2; round++) {
  const next = newEngine()
  let [records, bytes] = [0, 0]
  const start = performance.now()
  for (const base of bases.values()) {
    const state = codec.decodeActor(base)
    records += state.history.rows.length
    bytes += base.length
    next.states.load(state)
  }
  report('loading', performance.now() - start, records, bytes, bases.size)
}
