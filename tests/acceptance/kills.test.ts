import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Proof, prove } from '../../load-tests/kills/prove.ts'
import { killLiveServices } from '../support/live-service.ts'

const kills = 8

describe.each([1, 2])('the service with partitions: %i, killed again and again', (partitions) => {
  let proof: Proof
  beforeAll(async () => {
    const stream = { events: 20_000, accounts: 1_500, seed: 7, rowsPerDecision: 250 }
    proof = await prove({ ...stream, kills, partitions, detailsMax: 1_000 })
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
