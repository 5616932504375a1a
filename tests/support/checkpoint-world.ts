import type { ActorName } from '../../shared/actor/actor-state.ts'
import { Engine } from '../../shared/actor/engine.ts'
import { usedFields } from '../../shared/actor/used-fields.ts'
import { sha256Hex } from '../../shared/domain/digest.ts'
import { EventBatch } from '../../shared/domain/event-batch.ts'
import { hash52 } from '../../shared/domain/hash52.ts'
import type { Random } from '../../shared/generator/random.ts'
import { Arena } from '../../shared/memory/arena.ts'
import { loadRuleSet } from '../../shared/rule-language/load-rule-set.ts'
import type { RuleSet } from '../../shared/rule-language/rule-set.ts'

export interface WorldEvent {
  readonly type: string
  readonly at: number
  readonly id: string
  readonly fields: Readonly<Record<string, string | number | undefined>>
}

export function ruleSetOf(files: ReadonlyMap<string, string>): RuleSet {
  const { ruleSet, diagnostics } = loadRuleSet(files)
  if (ruleSet === undefined) throw new Error(JSON.stringify(diagnostics))
  return ruleSet
}

/** An engine, and every line that it has told. */
export class World {
  readonly engine: Engine
  readonly arena = new Arena(32 * 2 ** 20)
  readonly told: string[] = []
  readonly #batch: EventBatch

  constructor(ruleSet: RuleSet, options: { latenessMs: number; isSorted?: boolean; tracks?: boolean }) {
    const tell = (line: unknown): void => {
      this.told.push(JSON.stringify(line))
    }
    this.engine = new Engine({
      ruleSet,
      arena: this.arena,
      latenessMs: options.latenessMs,
      isSorted: options.isSorted ?? false,
      tenant: 'bank',
      hashKey: 7,
      sha256Hex,
      sink: { alert: (revision) => tell({ alert: revision }), decision: (revision) => tell({ decision: revision }) },
      onFeatures: (rule, actor, at, id, values) => tell({ rule, actor, at, id, values }),
    })
    if (options.tracks === true) this.engine.states.track()
    this.#batch = new EventBatch(ruleSet.events, usedFields(ruleSet), 4)
  }

  apply(event: WorldEvent): void {
    const batch = this.#batch
    const { types, fields } = batch.schema
    batch.clear()
    const type = types.findIndex(({ name }) => name === event.type)
    const row = batch.append(type, event.at, event.id)
    for (const [f, { path }] of fields.entries()) {
      const value = event.fields[path]
      const [numbers, texts] = [batch.numbers[f], batch.texts[f]]
      if (numbers !== undefined && typeof value === 'number') numbers[row] = value
      if (texts !== undefined && typeof value === 'string') texts[row] = value
    }
    batch.digest[row] = hash52(JSON.stringify([event.type, event.fields]), 0)
    this.told.push(this.engine.apply(batch, row))
  }
}

/** The actors that an event reaches. */
export function actorsOf({ events }: RuleSet, event: WorldEvent): readonly ActorName[] {
  const type = events.types.find(({ name }) => name === event.type)
  return (type?.keys ?? []).flatMap(({ key, fields }) =>
    fields.flatMap((field) => {
      const value = event.fields[events.fields[field].path]
      return typeof value === 'string' ? [{ population: key, key: value }] : []
    }),
  )
}

/** A stream in order of arrival: bursts, silences, disorder, repeats, conflicts, late ones. */
export function randomStream(
  random: Random,
  length: number,
  options: { latenessMs: number; keys: number },
): WorldEvent[] {
  const events: WorldEvent[] = []
  let now = 1_700_000_000_000
  for (let i = 0; i < length; i++) {
    if (events.length > 0 && random.chance(0.06)) {
      const twin = events[random.integer(Math.max(0, events.length - 20), events.length - 1)]
      events.push(random.chance(0.7) ? twin : { ...twin, fields: { ...twin.fields, amount: random.integer(1, 99) } })
      continue
    }
    now += random.chance(0.02) ? random.integer(100_000, 1_500_000) : random.integer(0, 20_000)
    const back = random.chance(0.25) ? random.integer(0, options.latenessMs * 1.3) : 0
    events.push(randomEvent(random, Math.max(0, now - back), i, options.keys))
  }
  return events
}

function randomEvent(random: Random, at: number, number: number, keys: number): WorldEvent {
  const id = random.pick([`${number}`, `tx-${number}`, `${sha256Hex(String(number)).slice(0, 20)}x`, `ключ ${number}`])
  const key = (prefix: string): string => `${prefix}${random.integer(1, keys)}`
  const amount = random.integer(1, 10_000)
  const note = random.chance(0.2)
    ? undefined
    : random.pick(['rent', 'food', 'śniadanie', 'a longer note of some words', ''])
  if (random.chance(0.3) && keys < 9)
    return { type: 'transfer', at, id, fields: { debtor: key('A'), creditor: key('A'), amount, note } }
  const card = random.chance(0.3) ? undefined : key('C')
  const rate = random.chance(0.2) ? undefined : random.between(-2, 2) * 10 ** random.integer(-3, 6)
  const count = random.pick([undefined, 0, 1, 7])
  const kind = random.pick(['a', 'b', 'c'])
  return { type: 'payment', at, id, fields: { account: key('A'), card, amount, kind, rate, count, note } }
}
