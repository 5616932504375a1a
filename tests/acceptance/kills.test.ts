import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Proof, prove } from '../../load-tests/kills/prove.ts'
import { killLiveServices } from '../support/live-service.ts'
import { ownServerFor } from '../support/servers.ts'

const kills = 8

const suite = 'the service on Redis and PostgreSQL, killed again and again'
const redis = await ownServerFor(suite, 'redis')
const postgres = await ownServerFor(suite, 'postgres')
afterAll(async () => {
  await redis?.close()
  await postgres?.close()
})

const cases: { where: string; partitions: number; flags: readonly string[] }[] = [
  { where: 'with one partition', partitions: 1, flags: [] },
  { where: 'with two partitions', partitions: 2, flags: [] },
]
if (redis !== undefined && postgres !== undefined) {
  const flags = ['--checkpoints', redis.url, '--store', postgres.url]
  cases.push({ where: 'on Redis and PostgreSQL', partitions: 1, flags })
}

describe.each(cases)('the service $where, killed again and again', ({ partitions, flags }) => {
  let proof: Proof
  beforeAll(async () => {
    const stream = { events: 20_000, accounts: 1_500, seed: 7, rowsPerDecision: 250 }
    proof = await prove({ ...stream, kills, partitions, flags, detailsMax: 1_000 })
  }, 400_000)
  afterAll(killLiveServices)

  it('was killed while it was sent events, and went on each time', () => {
    expect(proof.killed.kills).toBe(kills)
    expect(proof.killed.recoveryMs.length).toBeGreaterThan(kills / 2)
    expect(proof.killed.retries).toBeGreaterThan(0)
  })

  it('has enough to be compared, of everything', () => {
    const { standing, withdrawn, details, events, decisions } = proof.killed.findings
    expect(standing.length).toBeGreaterThan(2_000)
    expect(withdrawn.length).toBeGreaterThan(3)
    expect(details.length).toBeGreaterThan(1_000)
    expect(events.length).toBe(1_000)
    expect(decisions.length).toBeGreaterThan(50)
  })

  it.each(['standing alerts', 'withdrawn alerts', 'alerts in full', 'events', 'decisions'])(
    'tells the same %s as one that was left alone',
    (name) => {
      expect(proof.differences[name]).toEqual({ lost: 0, doubled: 0, different: 0, examples: [] })
    },
  )

  it('tells the alerts of a replay: of the first rules up to the change, of the others after it', () => {
    expect(proof.differences['replay']).toEqual({ lost: 0, doubled: 0, different: 0, examples: [] })
  })

  it('acknowledges each event at one place, and answers each decision as it did first', () => {
    expect(proof.wrongs).toEqual([])
  })
})
