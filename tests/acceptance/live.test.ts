// The service as a process: how it starts and ends, and what it does when the world around it fails.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { missing } from '../support/missing.ts'
import { hasPrivateDisks, noPrivateDisks, PrivateDisk } from '../support/private-disk.ts'
import { Workspace } from '../support/vigil-command.ts'

const events = `events:
  transaction:
    fields: { account: string, amount: money, note: optional<string> }
    keys: { account: account }
`
const large = 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n'
const many = 'rule: many\nfeatures: { n: { count: all, over: 1d } }\nwhen: n % 10 == 0\nscore: 20\nseverity: low\n'

const workspace = new Workspace()
let rules: string
let dataDir: string

beforeAll(async () => {
  rules = workspace.rules('rules', { 'events.yaml': events, 'large.rule.yaml': large, 'many.rule.yaml': many })
  dataDir = workspace.path('data')
  // The first start makes the database of alerts, which takes longest.
  await (await LiveService.ready({ dataDir, rules })).stop()
}, 120_000)
afterEach(killLiveServices)
afterAll(() => workspace.close())

/** Payments of one account, a second apart, each of them large. */
const payments = (account: string, from: number, to: number, more = ''): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => {
    const at = Date.UTC(2026, 2, 1) + (from + i) * 1000
    return `{"id":"${account}-${from + i}","at":${at},"account":"${account}","amount":150${more}}`
  })

const idsOf = (account: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${account}-${i}`).sort()

/** @returns the answer */
const post = async (service: LiveService, rows: readonly string[]): Promise<Response> =>
  fetch(`${await service.address()}/v1/transactions`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.join('\n'),
  })

/** In order, fifty at once. @returns how many were taken, and the answer that was a refusal */
async function postAll(service: LiveService, rows: readonly string[]): Promise<{ taken: number; refusal?: Problem }> {
  for (let i = 0; i < rows.length; i += 50) {
    const answer = await post(service, rows.slice(i, i + 50))
    const body = await answer.json()
    if (answer.status !== 202) return { taken: i, refusal: body as Problem }
  }
  return { taken: rows.length }
}

interface Problem {
  readonly status: number
  readonly detail: string
  readonly reasons?: readonly string[]
}

const readiness = async (service: LiveService): Promise<Problem> =>
  (await (await fetch(`${await service.address()}/readyz`)).json()) as Problem

/** What the alerts of a rule for an account are about, sorted: each once. */
async function alerted(service: LiveService, rule: string, account: string): Promise<readonly string[]> {
  await service.atRest()
  const found: string[] = []
  for (let cursor = ''; ; ) {
    const path = `/v1/alerts?rule=${rule}&key=${account}&limit=500${cursor}`
    const page = (await (await fetch(`${await service.address()}${path}`)).json()) as {
      alerts: readonly { event: string }[]
      nextCursor?: string
    }
    found.push(...page.alerts.map(({ event }) => event))
    if (page.nextCursor === undefined) return found.sort()
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`
  }
}

describe('the data folder', { timeout: 120_000 }, () => {
  it('has one service: a second start ends with 1 and names the process that has it', async () => {
    const first = await LiveService.ready({ dataDir, rules })
    const second = await LiveService.start({ dataDir, rules }).ended
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toContain(`is in use by process ${first.pid} since `)
    expect((await post(first, payments('second', 0, 10))).status).toBe(202)
  })
})

describe('killed while it starts for the first time', { timeout: 120_000 }, () => {
  it('begins anew at the next start, from wherever it was', async () => {
    const fresh = { dataDir: workspace.path('fresh'), rules }
    // Before it has the folder, while it makes the database of alerts, and when that is nearly done.
    for (const ms of [200, 600, 1_000, 1_500, 2_000, 2_500]) {
      const service = LiveService.start(fresh)
      await setTimeout(ms)
      await service.kill()
    }
    const service = await LiveService.ready(fresh)
    expect(await postAll(service, payments('fresh', 0, 100))).toEqual({ taken: 100 })
    expect(await alerted(service, 'large', 'fresh')).toEqual(idsOf('fresh', 100))
    expect(await service.stop()).toMatchObject({ code: 0 })
  })
})

describe('told to stop', { timeout: 120_000 }, () => {
  it('is unready first, then judges and keeps what it took, and leaves nothing for the next start', async () => {
    const service = await LiveService.ready({ dataDir, rules })
    const held = await heldRequest(service)
    expect(await postAll(service, payments('stopped', 0, 3_000))).toEqual({ taken: 3_000 })
    service.terminate()
    await service.until('is unready', async () => (await readiness(service)).status === 503)
    expect((await readiness(service)).detail).toContain('the service is stopping')
    expect(await held.finish()).toBe(503)
    expect(await service.ended).toMatchObject({ code: 0 })

    const next = await LiveService.ready({ dataDir, rules })
    expect((await next.metrics()).get('vigil_events_applied_total')).toBe(0)
    expect(await alerted(next, 'large', 'stopped')).toEqual(idsOf('stopped', 3_000))
    expect(await alerted(next, 'many', 'stopped')).toHaveLength(300)
  })
})

/** A request whose body has not come in full: the service waits for it. */
async function heldRequest(service: LiveService): Promise<{ finish(): Promise<number> }> {
  const [row] = payments('held', 0, 1)
  const headers = { 'content-type': 'application/json', 'content-length': row.length, expect: '100-continue' }
  const sent = request(`${await service.address()}/v1/transactions`, { method: 'POST', headers })
  sent.flushHeaders()
  // It has been let in.
  await once(sent, 'continue')
  return {
    finish: async () => {
      sent.end(row)
      const [response] = await once(sent, 'response')
      response.resume()
      return response.statusCode
    },
  }
}

const hasDisks = hasPrivateDisks()
if (!hasDisks) missing('a small disk', noPrivateDisks)

describe.skipIf(!hasDisks)('a small disk', { timeout: 120_000 }, () => {
  let disk: PrivateDisk
  const onDisk = (): { dataDir: string; rules: string; within: readonly string[] } => ({
    dataDir: `${disk.path}/data`,
    rules,
    within: disk.within,
  })
  beforeAll(async () => {
    disk = await PrivateDisk.open(192)
  })
  afterAll(() => disk.close())

  it('that is full: nothing more is taken, with the reason, nothing is lost, and it goes on when there is room', async () => {
    const service = await LiveService.ready(onDisk())
    await postAll(service, payments('full', 0, 1_000))
    const sending = postAll(service, payments('full', 1_000, 6_000))
    disk.fill()
    const { taken, refusal } = await sending
    expect(refusal).toMatchObject({ status: 503, detail: expect.stringContaining('there is no room: free some') })
    const { status, reasons } = await readiness(service)
    expect({ status, reasons }).toEqual({
      status: 503,
      reasons: expect.arrayContaining([expect.stringContaining('the log cannot be written')]),
    })
    disk.free()
    await service.ready()
    expect(await postAll(service, payments('full', 1_000 + taken, 6_000))).toEqual({ taken: 5_000 - taken })
    expect(await alerted(service, 'large', 'full')).toEqual(idsOf('full', 6_000))
    expect(await alerted(service, 'many', 'full')).toHaveLength(600)
    expect(await service.stop()).toMatchObject({ code: 0 })
  })

  it('that is full at the start: says so and ends with 1, and starts when there is room', async () => {
    disk.fill()
    const { code, stderr } = await LiveService.start(onDisk()).ended
    expect(stderr).toMatch(/no (room|space)|disk is full/)
    expect(code).toBe(1)
    disk.free()
    const service = await LiveService.ready(onDisk())
    expect(await alerted(service, 'large', 'full')).toEqual(idsOf('full', 6_000))
    await service.stop()
  })

  it('that may only be read: says so and ends with 1, and starts when it may be written', async () => {
    disk.remount('ro')
    const { code, stderr } = await LiveService.start(onDisk()).ended
    expect(stderr).toMatch(/^vigil serve: the data folder \S+ cannot be used: its file system is read-only\n$/)
    expect(code).toBe(1)
    disk.remount('rw')
    const service = await LiveService.ready(onDisk())
    expect(await alerted(service, 'large', 'full')).toEqual(idsOf('full', 6_000))
  })
})

/** Makes all files below the path immutable, or changeable again. @returns whether that is possible here */
function setImmutable(path: string, isImmutable: boolean): boolean {
  const [command, ...args] = ['chattr', '-R', isImmutable ? '+i' : '-i', path]
  return spawnSync(command, args).status === 0
}
const canFreeze = (): boolean => {
  const file = workspace.write('frozen', '')
  return setImmutable(file, true) && setImmutable(file, false)
}
const freezes = canFreeze()
if (!freezes) missing('a data folder that turns read-only', 'files cannot be made immutable here (chattr +i, as root)')

describe.skipIf(!freezes)('a data folder that turns read-only', { timeout: 120_000 }, () => {
  afterEach(() => {
    setImmutable(dataDir, false)
  })

  it('takes nothing more, with the reason, loses nothing, and goes on when it may be written again', async () => {
    const service = await LiveService.ready({ dataDir, rules })
    await postAll(service, payments('frozen', 0, 1_000))
    const sending = postAll(service, payments('frozen', 1_000, 6_000))
    expect(setImmutable(dataDir, true)).toBe(true)
    const { taken, refusal } = await sending
    expect(refusal).toMatchObject({ status: 503, detail: expect.stringContaining('see to the disk') })
    expect((await readiness(service)).detail).toContain('the log cannot be written')
    expect(setImmutable(dataDir, false)).toBe(true)
    await service.ready()
    expect(await postAll(service, payments('frozen', 1_000 + taken, 6_000))).toEqual({ taken: 5_000 - taken })
    expect(await alerted(service, 'large', 'frozen')).toEqual(idsOf('frozen', 6_000))
    expect(await alerted(service, 'many', 'frozen')).toHaveLength(600)
    expect(await service.stop()).toMatchObject({ code: 0 })
  })
})

describe('events.yaml', { timeout: 120_000 }, () => {
  const withEvents = (name: string, text: string): string =>
    workspace.rules(name, { 'events.yaml': text, 'large.rule.yaml': large, 'many.rule.yaml': many })

  it.each([
    ['a field of another type', 'amount: money', 'amount: money<3>', 'the field "amount" of "transaction" was money'],
    ['a field that is gone', ', note: optional<string>', '', 'the field "note" of "transaction" is gone'],
    ['a field that is needed from now on', 'optional<string>', 'string', 'was optional<string> and is string'],
    ['a key over other fields', 'account: account }', 'account: [account, note] }', 'the keys of "transaction" have'],
  ])('is refused with %s, and the remedy', async (name, before, after, reason) => {
    const { code, stderr } = await LiveService.start({
      dataDir,
      rules: withEvents(name, events.replace(before, after)),
    }).ended
    expect(stderr).toContain(reason)
    expect(stderr).toContain('Only fields may be added; undo the change, or use another data folder')
    expect(code).toBe(1)
  })

  it('may have a new field: events before it stand without it, later ones need it', async () => {
    const first = await LiveService.ready({ dataDir, rules })
    await postAll(first, payments('wider', 0, 25))
    await first.stop()
    const wider = withEvents('wider', events.replace('amount: money', 'amount: money, channel: string'))
    const next = await LiveService.ready({ dataDir, rules: wider })
    expect((await post(next, payments('wider', 25, 26))).status).toBe(422)
    expect(await postAll(next, payments('wider', 25, 50, ',"channel":"pos"'))).toEqual({ taken: 25 })
    expect(await alerted(next, 'large', 'wider')).toEqual(idsOf('wider', 50))
    // Windows hold the events from before the change.
    expect(await alerted(next, 'many', 'wider')).toEqual([9, 19, 29, 39, 49].map((i) => `wider-${i}`).sort())
    await next.stop()

    // The field cannot go again.
    const back = await LiveService.start({ dataDir, rules }).ended
    expect(back.stderr).toContain('the field "channel" of "transaction" is gone')
  })
})
