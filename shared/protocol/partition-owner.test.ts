import { describe, expect, it } from 'vitest'
import { Random } from '#shared/generator/random'
import { checkpointRules } from '../../tests/support/checkpoint-rules.ts'
import { randomStream, ruleSetOf } from '../../tests/support/checkpoint-world.ts'
import { OwnerWorld } from '../../tests/support/owner-world.ts'

const latenessMs = 120_000

/** One stream, sent while an owner lives; with `chaos` it is killed and memory runs short all the time. */
async function run(
  rules: ReadonlyMap<string, string>,
  seed: number,
  chaos: { readonly kills: boolean; readonly memoryBytesMax?: number; readonly changes?: ReadonlyMap<string, string> },
): Promise<OwnerWorld> {
  const { events } = ruleSetOf(rules)
  const stream = randomStream(new Random(seed), 250, { latenessMs, keys: events.types.length > 1 ? 5 : 3 }).filter(
    ({ type }) => events.types.some(({ name }) => name === type),
  )
  const random = new Random(seed + 1_000_000)
  const world = new OwnerWorld(rules, random, chaos.memoryBytesMax ? { memoryBytesMax: chaos.memoryBytesMax } : {})
  await world.restart()
  await world.settle()
  const bodies: Uint8Array[] = []
  for (const [i, event] of stream.entries()) {
    if (chaos.changes !== undefined && i === 120) {
      await world.settle()
      world.rules = chaos.changes
      await world.restart()
      await world.settle()
    }
    bodies.push(world.records[world.send(event, i % 5 === 0) - 1].body)
    // Somebody wants the decision on an event that was sent some time ago.
    if (i % 11 === 10) world.append('ask', bodies[i - 7])
    for (let steps = random.integer(0, 6); steps > 0; steps--) await world.step()
    if (random.chance(0.3)) world.clock(100)
    if (chaos.kills && random.chance(0.06)) await world.restart()
  }
  await world.settle()
  return world
}

/** Revisions and decisions by what they are about, without the order among events. */
const told = (world: OwnerWorld): readonly string[] => [...world.delivered.values()].map(withoutOffset).sort()

const withoutOffset = (entry: string): string => entry.replace(/,"offset":\d+}$/, '}')

describe.each(Object.entries(checkpointRules))('an owner under the rules of "%s"', (_, rules) => {
  it.each([1, 2, 3, 4])('tells the same however often it is killed (O1, O3, O4; seed %i)', async (seed) => {
    const calm = await run(rules, seed, { kills: false })
    const killed = await run(rules, seed, { kills: true })
    expect(killed.failures).toEqual([])
    expect(killed.restarts).toBeGreaterThan(5)
    expect(calm.delivered.size).toBeGreaterThan(10)
    expect(told(killed)).toEqual(told(calm))
    expect([...killed.judged.values()].sort()).toEqual([...calm.judged.values()].sort())
  })

  it.each([5, 6])('tells the same with hardly any memory (O5; seed %i)', async (seed) => {
    const calm = await run(rules, seed, { kills: false })
    const narrow = await run(rules, seed, { kills: true, memoryBytesMax: 4096 })
    expect(narrow.failures).toEqual([])
    expect(told(narrow)).toEqual(told(calm))
  })
})

describe('a change of rules', () => {
  const before = checkpointRules['windows'] as ReadonlyMap<string, string>
  const after = new Map([...before].map(([path, text]) => [path, text.replace('score: 50', 'score: 60')]))

  it('tells the same however often the owner is killed', async () => {
    const calm = await run(before, 11, { kills: false, changes: after })
    const killed = await run(before, 11, { kills: true, changes: after })
    expect(killed.failures).toEqual([])
    expect(told(killed)).toEqual(told(calm))
  })

  it('leaves what lies before it to the old rules, and judges what comes after as if the new ones had always been there', async () => {
    const old = await run(before, 12, { kills: false })
    const fresh = await run(after, 12, { kills: false })
    const changed = await run(before, 12, { kills: false, changes: after })
    const effectiveAt = changeOf(changed)
    const standing = (world: OwnerWorld, isIn: (at: number) => boolean): readonly string[] =>
      standingAlerts(world)
        .filter(({ at }) => isIn(at))
        .map(({ id }) => id)
    expect(standing(changed, (at) => at <= effectiveAt)).toEqual(standing(old, (at) => at <= effectiveAt))
    expect(standing(changed, (at) => at > effectiveAt)).toEqual(standing(fresh, (at) => at > effectiveAt))
    expect(standing(changed, (at) => at > effectiveAt).length).toBeGreaterThan(3)
    expect(standing(changed, (at) => at <= effectiveAt).length).toBeGreaterThan(3)
  })

  it('tells the same with hardly any memory', async () => {
    const calm = await run(before, 14, { kills: false, changes: after })
    const narrow = await run(before, 14, { kills: true, changes: after, memoryBytesMax: 4096 })
    expect(narrow.failures).toEqual([])
    expect(told(narrow)).toEqual(told(calm))
  })

  it('leaves nothing unjudged of an account that is far behind, once the old rules have gone', async () => {
    const world = await run(before, 15, { kills: false, changes: after })
    const at = changeOf(world)
    const pay = (id: string, account: string, time: number): number =>
      world.send({ type: 'payment', at: time, id, fields: { account, amount: 100, kind: 'a' } }, true)
    pay('far-ahead', 'A1', at + 10 * latenessMs)
    const offset = pay('far-behind', 'new', at - 1_000)
    await world.settle()
    expect(JSON.parse(world.judged.get(offset) ?? '')).toMatchObject({
      outcome: 'applied',
      decision: { outcome: 'allow' },
    })
  })

  it('is refused where events.yaml changes more than by new fields', async () => {
    const world = await run(before, 13, { kills: false })
    world.rules = new Map([...before].map(([path, text]) => [path, text.replace('amount: money', 'amount: money<3>')]))
    await world.restart()
    while (await world.step());
    expect(world.failures).toMatchObject([{ reason: 'rules-refused', detail: expect.stringContaining('money<3>') }])
  })
})

describe('an owner', () => {
  const rules = checkpointRules['windows'] as ReadonlyMap<string, string>

  it('stops when another one claims (O2)', async () => {
    const world = await run(rules, 21, { kills: false })
    const first = world.owner
    world.send({ type: 'payment', at: world.now, id: 'x', fields: { account: 'A', amount: 1, kind: 'a' } }, false)
    while (first.position < world.records.length) await world.step()
    await world.restart()
    await world.settle()
    // The first one was only slow: it commits before it has read the other's claim, and the store refuses.
    world.owner = first
    world.clock(100)
    while (await world.step());
    expect(world.failures).toMatchObject([{ reason: 'fenced' }])
    expect(first.handle({ kind: 'clock', now: world.now + 1_000 })).toEqual([])
  })

  it('judges the log again where the checkpoint was made with another lateness', async () => {
    const world = await run(rules, 25, { kills: false })
    const toldBefore = told(world)
    const wider = new OwnerWorld(rules, new Random(1), { latenessMs: latenessMs + 1 })
    wider.records.push(...world.records)
    Object.assign(wider, { store: world.store })
    await wider.restart()
    await wider.settle()
    expect(wider.failures).toEqual([])
    expect(wider.owner.isReady).toBe(true)
    expect(told(wider).length).toBeGreaterThan(toldBefore.length / 2)
  })

  it('halts where the log no longer holds what the checkpoint follows from', async () => {
    const world = await run(rules, 22, { kills: false })
    world.records.length = Math.floor(world.records.length / 2)
    await world.restart()
    while (await world.step());
    expect(world.failures).toMatchObject([{ reason: 'log-regression' }])
  })

  it('halts where the log holds another record at the same place', async () => {
    const world = await run(rules, 23, { kills: false })
    const last = world.records.pop()
    world.append('event', Buffer.from(`${Buffer.from(last?.body ?? []).toString()} `))
    await world.restart()
    while (await world.step());
    expect(world.failures).toMatchObject([{ reason: 'log-regression' }])
  })

  it('commits everything that it has applied when it is stopped', async () => {
    const world = await run(rules, 24, { kills: false })
    world.send({ type: 'payment', at: world.now, id: 'x', fields: { account: 'A', amount: 1, kind: 'a' } }, false)
    while (world.owner.position < world.records.length) await world.step()
    world.tell({ kind: 'stop' })
    while (await world.step());
    expect(world.isStopped).toBe(true)
    expect(world.owner.committedPosition).toBe(world.records.length)
  })
})

/** The time up to which the first rule set judged. */
function changeOf(world: OwnerWorld): number {
  const change = world.records.findLastIndex(({ kind }) => kind === 'ruleset')
  return world.records
    .slice(0, change)
    .filter(({ kind }) => kind === 'event' || kind === 'decide')
    .reduce((latest, { body }) => Math.max(latest, JSON.parse(Buffer.from(body).toString()).at), 0)
}

function standingAlerts(world: OwnerWorld): readonly { readonly id: string; readonly at: number }[] {
  const last = new Map<string, { id: string; status: string; at: number; place: string }>()
  for (const entry of world.delivered.values()) {
    const { alert } = JSON.parse(entry)
    if (alert === undefined) continue
    // Another version of a rule has other ids: what was found is compared.
    const place = JSON.stringify([
      alert.hit.rule,
      alert.hit.actor.key,
      alert.hit.at,
      alert.hit.eventId,
      alert.hit.steps,
    ])
    last.set(place, { id: place, status: alert.status, at: alert.hit.at, place })
  }
  return [...last.values()].filter(({ status }) => status !== 'withdrawn').sort((a, b) => (a.place < b.place ? -1 : 1))
}
