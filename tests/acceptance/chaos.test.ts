import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planFaults } from '../../load-tests/chaos/fault-plan.ts'
import { type Chaos, proveInChaos } from '../../load-tests/chaos/prove.ts'
import { killLiveServices } from '../support/live-service.ts'
import { serverFor } from '../support/servers.ts'

const suite = 'the service in chaos'
// Asked for only to know that they can be had: it starts and kills its own.
const urls = [await serverFor(suite, 'nats'), await serverFor(suite, 'redis'), await serverFor(suite, 'postgres')]

/** Seconds in which all four are killed or stand still, and their connections suffer in most ways. */
const seed = 61
const lengthMs = 10_000

describe.skipIf(urls.includes(undefined))(suite, () => {
  const rules = fileURLToPath(new URL('../../rules', import.meta.url))
  let folder = ''
  let chaos: Chaos
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigil-chaos-test-'))
    const plan = planFaults(seed, lengthMs, 'nats')
    chaos = await proveInChaos({ folder, rules, log: 'nats', seed, plan, lengthMs, rate: 800, detailsMax: 150 })
  }, 200_000)
  afterAll(async () => {
    await killLiveServices()
    await rm(folder, { recursive: true, force: true })
  })

  it('met faults of all its servers, and found enough to be compared', () => {
    const { faults, findings } = chaos.trial
    const targets = new Set([...faults.keys()].map((name) => name.split(' ')[0]))
    expect(targets).toEqual(new Set(['vigil', 'log', 'redis', 'postgres']))
    expect(findings.standing.length).toBeGreaterThan(30)
    expect(findings.decisions.length).toBeGreaterThan(20)
  })

  it('never ended by itself', () => {
    expect(chaos.trial.endings).toEqual([])
  })

  it.each(['standing alerts', 'withdrawn alerts', 'alerts in full', 'events', 'decisions', 'replay of the log'])(
    'has the same %s as in calm',
    (name) => {
      expect(chaos.differences[name]).toEqual({ lost: 0, doubled: 0, different: 0, examples: [] })
    },
  )

  it('has every event in its log where it said, in the order in which it was sent', () => {
    expect(chaos.trial.wrongs).toEqual([])
  })
})
