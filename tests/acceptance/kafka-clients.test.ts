// `vigil serve` with its log on Kafka, by each of the libraries that speak to it.
import { randomUUID } from 'node:crypto'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { serverFor } from '../support/servers.ts'
import { Workspace } from '../support/vigil-command.ts'

const suite = 'the service on Kafka by either client'
const kafka = await serverFor(suite, 'kafka')

const events = `events:
  transaction:
    fields: { account: string, amount: money }
    keys: { account: account }
`
const rule = `rule: three-payments
pattern:
  - { begin: probe, where: amount < 10, times: 2 }
  - { next: strike, where: amount > 100 }
within: 1h
score: 80
severity: high
`

describe.skipIf(kafka === undefined)(suite, { timeout: 120_000 }, () => {
  const workspace = new Workspace()
  let admin: Admin
  let rules: string
  beforeAll(async () => {
    rules = workspace.rules('rules', { 'events.yaml': events, 'three.rule.yaml': rule })
    admin = new Kafka({ brokers: [kafka ?? ''], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  afterEach(killLiveServices)
  afterAll(async () => {
    await admin.disconnect()
    workspace.close()
  })

  const ready = (topic: string, client: string): Promise<LiveService> =>
    LiveService.ready({
      dataDir: workspace.path(topic),
      rules,
      flags: ['--log', `kafka://${kafka}/?topic=${topic}`],
      environment: { VIGIL_KAFKA_CLIENT: client },
    })
  const send = async (service: LiveService, n: number, amount: number): Promise<void> => {
    const answer = await fetch(`${await service.address()}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: `t${n}`, at: Date.UTC(2026, 2, 1) + n * 1_000, account: 'A', amount }),
    })
    expect(answer.status).toBe(202)
  }

  it.each([
    ['kafkajs', 'platformatic'],
    ['platformatic', 'kafkajs'],
  ])('judges what came by %s before a kill, and by %s after it', async (first, second) => {
    const topic = `serve-${randomUUID()}`
    const before = await ready(topic, first)
    await send(before, 1, 5)
    await send(before, 2, 5)
    await before.kill()
    const after = await ready(topic, second)
    await send(after, 3, 150)
    const alerts = `${await after.address()}/v1/alerts`
    await after.until('has an alert', async () => (await (await fetch(alerts)).text()).includes('three-payments'))
    expect((await after.stop()).code).toBe(0)
  })

  it.each(['platformatic', 'kafkajs'])('ends with the reason when its topic is made anew, by %s', async (client) => {
    const topic = `serve-${randomUUID()}`
    const service = await ready(topic, client)
    await send(service, 1, 5)
    await admin.deleteTopics({ topics: [topic] })
    await service.until('misses its log', async () => !(await fetch(`${await service.address()}/readyz`)).ok)
    await admin.createTopics({ topics: [{ topic, configEntries: [{ name: 'retention.ms', value: '-1' }] }] })
    const { code, stderr } = await service.ended
    expect(code).toBe(1)
    expect(stderr).toContain('the log cannot be reached any more')
  })
})
