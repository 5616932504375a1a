// The service while a server that it needs is away for 20 s, silent, or slow: it says so, loses nothing, and goes on without a new start.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TroubledProxy } from '../../load-tests/chaos/troubled-proxy.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { type OwnServer, ownServerFor, type ServerName } from '../support/servers.ts'

const suite = 'the service while a server is away'
const awayMs = 20_000
const names = ['nats', 'redis', 'postgres'] as const

/** Servers of one case, and a service on them. */
interface World {
  readonly servers: Readonly<Record<(typeof names)[number], OwnServer>>
  readonly service: LiveService
  readonly address: string
}

let folder = ''
const open: { close(): Promise<unknown> }[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigil-servers-away-'))
  await mkdir(join(folder, 'rules', 's'), { recursive: true })
  for (const [file, text] of Object.entries(rules)) await writeFile(join(folder, 'rules', file), text)
})
afterAll(async () => {
  await killLiveServices()
  for (const each of open) await each.close()
  await rm(folder, { recursive: true })
})

const rules = {
  'events.yaml':
    'events:\n  transaction:\n    fields: { account: string, amount: money }\n    keys: { account: account }\n',
  's/scenario.yaml': 'scenario: spending\ntitle: Spending\ncombine: max\nthresholds: { review: 20, decline: 50 }\n',
  's/large.rule.yaml': 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n',
}

async function serversFor(what: string): Promise<World['servers'] | undefined> {
  const started: [ServerName, OwnServer][] = []
  for (const name of names) {
    const server = await ownServerFor(`${suite}: ${what}`, name)
    if (server === undefined) return undefined
    open.push(server)
    started.push([name, server])
  }
  return Object.fromEntries(started) as unknown as World['servers']
}

async function serviceOn(servers: World['servers'], at: (url: string) => string = (url) => url): Promise<World> {
  const dataDir = await mkdtemp(join(folder, 'data-'))
  const log = ['--log', `${at(servers.nats.url)}/?stream=away`, '--checkpoints', at(servers.redis.url)]
  const service = await LiveService.ready({
    dataDir,
    rules: join(folder, 'rules'),
    flags: [...log, '--store', at(servers.postgres.url)],
  })
  return { servers, service, address: await service.address() }
}

/** Sends events, one of ten large, as a bank does that minds its answers. */
class Bank {
  sent = 0
  readonly #address: string

  constructor(address: string) {
    this.#address = address
  }

  /** One request of ten events; the same again where the one before was not taken. @returns the answer */
  async send(): Promise<{ readonly status: number; readonly retryAfter: string | null; readonly body: string }> {
    const rows = Array.from({ length: 10 }, (_, i) => row(this.sent + i))
    const answer = await fetch(`${this.#address}/v1/transactions`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: rows.join('\n'),
      signal: AbortSignal.timeout(30_000),
    })
    if (answer.status === 202) this.sent += 10
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.text() }
  }

  async decide(): Promise<string> {
    const answer = await fetch(`${this.#address}/v1/decisions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=5000' },
      body: row(this.sent),
    })
    if (answer.status === 200) this.sent++
    return `${answer.status} ${JSON.parse(await answer.text()).outcome}`
  }

  async alerts(): Promise<number> {
    const answer = await fetch(`${this.#address}/v1/alerts?limit=500`)
    return JSON.parse(await answer.text()).alerts.length
  }

  async ready(): Promise<string> {
    const answer = await fetch(`${this.#address}/readyz`)
    return `${answer.status} ${await answer.text()}`
  }
}

const row = (n: number): string =>
  JSON.stringify({ id: `t${n}`, at: Date.UTC(2026, 2, 1) + n, account: `A${n % 7}`, amount: n % 10 === 0 ? 150 : 15 })

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(50)
}

/** What is done again and again for that long. */
async function during(ms: number, work: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; ) {
    await work()
    await setTimeout(100)
  }
}

/** All that was taken is judged, kept and told, by the process that there was at the start. */
async function expectAll({ service }: World, bank: Bank): Promise<void> {
  await until(async () => (await bank.ready()).startsWith('200'))
  await service.atRest()
  expect(await bank.alerts()).toBe(Math.ceil(bank.sent / 10))
}

describe.concurrent(suite, () => {
  it.each(['kill', 'pause'] as const)(
    'refuses with reason and Retry-After while its broker is away (%s), and goes on when that is back',
    { timeout: 120_000 },
    async (how) => {
      const servers = await serversFor(`broker, ${how}`)
      if (servers === undefined) return
      const world = await serviceOn(servers)
      const bank = new Bank(world.address)
      for (let i = 0; i < 5; i++) expect((await bank.send()).status).toBe(202)
      await servers.nats[how]()
      await until(async () => (await bank.send()).status === 503)
      await during(awayMs, async () => {
        const { status, retryAfter, body } = await bank.send()
        expect([status, retryAfter]).toEqual([503, '1'])
        expect(JSON.parse(body)).toMatchObject({
          type: '/problems/unavailable',
          detail: expect.stringContaining('NATS at'),
        })
        expect(await bank.ready()).toMatch(/^503 .*the log cannot be written/)
      })
      await (how === 'kill' ? servers.nats.restart() : servers.nats.resume())
      await until(async () => (await bank.send()).status === 202)
      expect(await bank.decide()).toBe('200 decline')
      await expectAll(world, bank)
    },
  )

  it.each(['redis', 'postgres'] as const)(
    'takes, judges and decides while %s is away, says so, and keeps and tells all when that is back',
    { timeout: 120_000 },
    async (name) => {
      const servers = await serversFor(name)
      if (servers === undefined) return
      const world = await serviceOn(servers)
      const bank = new Bank(world.address)
      expect((await bank.send()).status).toBe(202)
      await servers[name].kill()
      const away = name === 'redis' ? 'checkpoints cannot be written: Redis at' : 'the alert store does not answer'
      // It is noticed with the first thing that is to be kept or told.
      await until(async () => (await bank.send()).status === 202 && (await bank.ready()).includes(away))
      await during(awayMs, async () => {
        expect((await bank.send()).status).toBe(202)
        expect(await bank.decide()).toBe('200 decline')
        for (let i = 0; i < 9; i++) expect(await bank.decide()).toBe('200 allow')
        expect(await bank.ready()).toMatch(/^503 /)
      })
      await servers[name].restart()
      await expectAll(world, bank)
    },
  )

  it('works through slow lines to all of them', { timeout: 120_000 }, async () => {
    const servers = await serversFor('slow lines')
    if (servers === undefined) return
    const proxies = new Map<string, TroubledProxy>()
    for (const { url } of Object.values(servers)) {
      const proxy = await TroubledProxy.open()
      proxy.targetPort = Number(new URL(url).port)
      proxy.delay(100)
      proxies.set(url, proxy)
      open.push(proxy)
    }
    const world = await serviceOn(servers, (url) => url.replace(/:\d+(?!.*:\d)/, `:${proxies.get(url)?.port}`))
    const bank = new Bank(world.address)
    for (let i = 0; i < 20; i++) expect((await bank.send()).status).toBe(202)
    expect(await bank.decide()).toBe('200 decline')
    await expectAll(world, bank)
  })
})
