// A bank's own streams on real brokers: every good event comes into the log once, whatever is killed or away; the rest become dead letters.
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { eventsFile, mapText } from '../../services/ingest/testing/world.ts'
import { openSqliteLog } from '../../shared/log/event-log-sqlite.ts'
import { type BankMessage, type BankStream, kafkaStream, natsStream } from '../support/bank-streams.ts'
import { killLiveServices, LiveService } from '../support/live-service.ts'
import { type OwnServer, ownServerFor, serverFor } from '../support/servers.ts'
import { shell, vigil, Workspace } from '../support/vigil-command.ts'

const large = 'rule: large\nwhen: amount > 100\nscore: 50\nseverity: high\n'
const workspace = new Workspace()
const rules = workspace.rules('rules', { 'events.yaml': eventsFile, 'large.rule.yaml': large })
workspace.write('bank.map.yaml', mapText)
const owned: OwnServer[] = []
afterEach(killLiveServices)
afterAll(async () => {
  await Promise.all(owned.map((server) => server.close()))
  workspace.close()
})

const start = Date.UTC(2026, 2, 1)
const good = (n: number, account = n % 7): string =>
  JSON.stringify({
    ref: `e${n}`,
    when: start + n * 1_000,
    card: { account: `A${account}` },
    sum: n % 50 === 0 ? '150.00' : 1.5,
  })

/** Payments in the bank's own form: mostly one a message, some in arrays and lines, and between them what nobody can read. */
function messages(from: number, to: number): readonly BankMessage[] {
  return Array.from({ length: (to - from) / 10 }, (_, i): readonly BankMessage[] => {
    const n = from + 10 * i
    const [a, b, c, d, e, f, g, h, j, k] = Array.from({ length: 10 }, (_, m) => good(n + m))
    return [
      { body: a },
      { body: `[${b},{"ref":"no sum","when":${start}},${c}]` },
      { body: Buffer.from(`{"ref":"\xff\xfe${n}"}`, 'latin1') },
      { body: `${d}\n{"ref":"broken ${n}\n${e}\n` },
      { body: f, traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01` },
      { body: `[${g},${h},${j},${k}]` },
    ]
  }).flat()
}

const ids = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from }, (_, i) => `e${from + i}`).sort()

/** Ids of all events in the log of a service that has ended, sorted: one of them for each record. */
async function logged(dataDir: string): Promise<readonly string[]> {
  const log = await openSqliteLog({ folder: dataDir, partitions: 1, latenessMs: 600_000 })
  const found: string[] = []
  const { first, next } = await log.bounds(0)
  for (let from = first; from < next; ) {
    const { length, offsets, kinds, bytes, starts, ends } = await log.read(0, from, 2 ** 20)
    for (let i = 0; i < length; i++)
      if (kinds[i] === 0) found.push(JSON.parse(Buffer.from(bytes.subarray(starts[i], ends[i])).toString()).id)
    from = offsets[length - 1] + 1
  }
  await log.close()
  return found.sort()
}

/** '' while it does not answer. */
const pageOf = async (service: LiveService): Promise<string> =>
  fetch(`${await service.address()}/metrics`).then(
    (answer) => answer.text(),
    () => '',
  )

const applied = async (service: LiveService): Promise<number> =>
  (await service.metrics()).get('vigil_events_applied_total') ?? 0

interface Letter {
  readonly reason: string
  readonly position: string
  readonly row: number
}

async function letters(service: LiveService): Promise<readonly Letter[]> {
  const found: Letter[] = []
  for (let cursor = ''; ; ) {
    const answer = await fetch(`${await service.address()}/v1/dead-letters?limit=500${cursor}`)
    const page = (await answer.json()) as { deadLetters: readonly Letter[]; nextCursor?: string }
    found.push(...page.deadLetters)
    if (page.nextCursor === undefined) return found
    cursor = `&cursor=${page.nextCursor}`
  }
}

const counts = (reasons: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...new Set(reasons)].map((reason) => [reason, reasons.filter((one) => one === reason).length]))

const streams = {
  kafka: (url: string, name: string): BankStream => kafkaStream(url, name),
  nats: (url: string, name: string): BankStream => natsStream(url, name),
}

describe.each(['nats', 'kafka'] as const)('a source on %s', (broker) => {
  it('gives every good event once, and every other row once as a dead letter, through a killed service and a killed broker', {
    timeout: 240_000,
  }, async (context) => {
    const server = await ownServerFor(`sources on ${broker}`, broker)
    if (server === undefined) return context.skip()
    owned.push(server)
    const stream = streams[broker](server.url, 'PAYMENTS')
    await stream.create()
    const dataDir = workspace.path(`data-${broker}`)
    const sources = workspace.write(
      `sources-${broker}.yaml`,
      `sources:\n  - name: core-banking\n    from: ${stream.from}\n    map: bank.map.yaml\n`,
    )
    const options = { dataDir, rules, flags: ['--sources', sources] }
    await stream.publish(messages(0, 2_000))

    const killed = await LiveService.ready(options)
    await killed.until('has begun to read', async () => (await applied(killed)) > 0)
    await killed.kill()

    const service = await LiveService.ready(options)
    await stream.publish(messages(2_000, 4_000))
    await service.until('has read all', async () => (await stream.left('core-banking')) === 0)
    await server.kill()
    await service.until('sees it', async () =>
      (await pageOf(service)).includes('vigil_source_up{source="core-banking"} 0'),
    )
    const http = JSON.stringify({ id: 'http', at: start, account: 'A1', amount: 1 })
    const post = { method: 'POST', body: http, headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${await service.address()}/v1/transactions`, post)).status).toBe(202)
    await server.restart()
    await stream.publish(messages(4_000, 5_000))
    await service.until('has read the rest', async () => (await stream.left('core-banking')) === 0)

    const found = await letters(service)
    expect(counts(found.map(({ reason }) => reason))).toEqual({
      'missing-field': 500,
      'bad-encoding': 500,
      'bad-json': 500,
    })
    expect(new Set(found.map(({ position, row }) => `${position} ${row}`)).size).toBe(1_500)
    const { stderr } = await service.stop()
    expect(stderr).toMatch(
      /source core-banking is read from .*source core-banking is away: .*source core-banking is read from/s,
    )
    expect(stderr).not.toContain('broken')
    expect(await logged(dataDir)).toEqual([...ids(0, 5_000), 'http'].sort())
  })

  it('is mended and tried again: what can be read now is taken, and leaves the list', {
    timeout: 240_000,
  }, async (context) => {
    const url = await serverFor(`dead letters of ${broker}`, broker)
    if (url === undefined) return context.skip()
    const stream = streams[broker](url, `letters-${randomUUID()}`)
    await stream.create()
    const dataDir = workspace.path(`letters-${broker}`)
    workspace.write(`letters-${broker}.map.yaml`, mapText)
    const sources = workspace.write(
      `letters-${broker}.yaml`,
      `sources:\n  - name: cards\n    from: ${stream.from}\n    map: letters-${broker}.map.yaml\n`,
    )
    expect(await vigil(['sources', 'check', sources, '--rules', rules])).toMatchObject({ code: 0 })
    await stream.publish([
      { body: good(1) },
      { body: good(2).replace('"sum"', '"amount"') },
      { body: 'nonsense' },
      { body: JSON.stringify({ ...JSON.parse(good(3)), when: Date.now() + 3_600_000 }) },
    ])
    const service = await LiveService.ready({ dataDir, rules, flags: ['--sources', sources] })
    await service.until('has read all', async () => (await stream.left('cards')) === 0)
    const ahead = JSON.stringify({ id: 'ahead', at: Date.now() + 125_000, account: 'A1', amount: 1 })
    const post = { method: 'POST', body: ahead, headers: { 'content-type': 'application/json' } }
    for (const path of ['transactions', 'decisions']) {
      const answer = await fetch(`${await service.address()}/v1/${path}`, post)
      expect(await answer.json()).toMatchObject({ status: 422, errors: [{ code: 'in-the-future' }] })
    }
    const to = ['--to', await service.address()]
    const listed = await vigil(['deadletters', 'list', ...to, '--source', 'cards', '--json'])
    const byReason = new Map(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => [JSON.parse(line).reason, JSON.parse(line).id]),
    )
    expect([...byReason.keys()].sort()).toEqual(['bad-json', 'in-the-future', 'missing-field'])
    const shown = await vigil(['deadletters', 'show', ...to, byReason.get('bad-json'), '--raw'])
    expect(shown).toMatchObject({ code: 0, stdout: 'nonsense' })

    workspace.write(`letters-${broker}.map.yaml`, mapText.replace('row.sum', '"has(row.sum) ? row.sum : row.amount"'))
    expect(await vigil(['sources', 'check', sources, '--rules', rules])).toMatchObject({ code: 0 })
    const replayed = await vigil(['deadletters', 'replay', '--all', ...to])
    expect(replayed).toMatchObject({ code: 1, stdout: '{"letters":3,"accepted":1,"duplicates":0,"dead":2,"gone":0}\n' })
    expect((await letters(service)).map(({ reason }) => reason).sort()).toEqual(['bad-json', 'in-the-future'])
    await service.stop()
    expect(await logged(dataDir)).toEqual(['e1', 'e2'])
  })
})

describe('a file of sources', () => {
  it('is checked: every mistake with its place and a hint, and exit codes as everywhere', {
    timeout: 60_000,
  }, async () => {
    workspace.write('wrong.map.yaml', mapText.replace('row.sum', 'row.sum +'))
    const wrong = workspace.write(
      'wrong.yaml',
      'sources:\n  - name: cards\n    from: nats://u:secret@nats/CARDS\n    map: wrong.map.yaml\n',
    )
    const { code, stdout, stderr } = await vigil(['sources', 'check', wrong, '--rules', rules])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toContain(`${wrong}:3:11: a name or a password stands in the address`)
    expect(stdout).toContain('    hint: take it out, and set VIGIL_SOURCE_CARDS_USER and VIGIL_SOURCE_CARDS_PASSWORD')
    expect(stdout).toContain('wrong.map.yaml:7:')
    expect(stdout).not.toContain('secret')
    expect(await vigil(['sources', 'check', workspace.path('none.yaml')])).toMatchObject({ code: 2, stdout: '' })
    const serve = await shell(
      'vigil serve --port 0 --data-dir "$1" --rules "$2" --sources "$3"',
      workspace.path('x'),
      rules,
      wrong,
    )
    expect(serve).toMatchObject({ code: 1, stdout: '' })
    expect(serve.stderr).toContain(`${wrong}:3:11: `)
  })
})
