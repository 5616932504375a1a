import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Proof, prove } from '../../load-tests/kills/prove.ts'
import { killLiveServices } from '../support/live-service.ts'
import { ownServerFor } from '../support/servers.ts'

const kills = 8

const suite = 'the service on servers, killed again and again'
const redis = await ownServerFor(suite, 'redis')
const postgres = await ownServerFor(suite, 'postgres')
const nats = await ownServerFor(suite, 'nats')
const kafka = await ownServerFor(suite, 'kafka')
afterAll(async () => {
  for (const server of [redis, postgres, nats, kafka]) await server?.close()
})

const cases: { where: string; partitions: number; flags: readonly string[]; hasGaps: boolean }[] = [
  { where: 'with one partition', partitions: 1, flags: [], hasGaps: false },
  { where: 'with two partitions', partitions: 2, flags: [], hasGaps: false },
]
if (redis !== undefined && postgres !== undefined) {
  const log = nats === undefined ? [] : ['--log', `${nats.url}/?stream=kills`]
  const flags = [...log, '--checkpoints', redis.url, '--store', postgres.url]
  cases.push({ where: 'on NATS, Redis and PostgreSQL', partitions: 1, flags, hasGaps: true })
}
if (kafka !== undefined)
  cases.push({ where: 'on Kafka', partitions: 2, flags: ['--log', `kafka://${kafka.url}/?topic=kills`], hasGaps: true })

describe.each(cases)('the service $where, killed again and again', ({ partitions, flags, hasGaps }) => {
  let proof: Proof
  beforeAll(async () => {
    const stream = { events: 20_000, accounts: 1_500, seed: 7, rowsPerDecision: 250 }
    proof = await prove({ ...stream, kills, partitions, flags, hasGaps, detailsMax: 1_000 })
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
