// What is found in the end depends on the events alone: not on the order in which they came within the lateness, nor on
// how often each was sent.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../../scripts/source-tree.ts'
import { handbookEvents, handbookFiles, handbookMap } from '../support/handbook.ts'
import { seededRandom } from '../support/random.ts'
import { sharedMissing } from '../support/shared-data.ts'
import { type Alert, type Replay, vigil, Workspace } from '../support/vigil-command.ts'

/** The default of `--lateness`. */
const tenMinutesMs = 600_000

const shippedRules = join(projectRoot, 'rules')

interface Sent {
  readonly at: number
  readonly line: string
}

/** The lines in an order in which none is late, every tenth or so a second time. */
function shuffled(
  events: readonly Sent[],
  { seed, latenessMs }: { readonly seed: number; readonly latenessMs: number },
): { readonly lines: string[]; readonly repeats: number } {
  const random = seededRandom(seed)
  // One that arrives before another is less than the lateness newer than that.
  const arrivals = events.map(({ at, line }) => ({ line, arrival: at + Math.floor(random() * latenessMs) }))
  const repeats = events
    .filter(() => random() < 0.1)
    .map(({ at, line }) => ({ line, arrival: at + Math.floor(random() * latenessMs) }))
  const all = [...arrivals, ...repeats].sort((a, b) => a.arrival - b.arrival)
  return { lines: all.map(({ line }) => line), repeats: repeats.length }
}

/** The last revision of each id, less the withdrawn, without what tells revisions apart; by id. */
function standing(revisions: readonly Alert[]): string[] {
  const last = new Map(revisions.map((alert) => [alert.id, alert]))
  return [...last.values()]
    .filter(({ status }) => status !== 'withdrawn')
    .map((alert) => JSON.stringify({ ...alert, revision: 1, status: 'raised' }))
    .sort()
}

/** Where the revisions of an alert are not numbered from 1, or go from one status to one that cannot follow it. */
function misnumbered(revisions: readonly Alert[]): Alert[] {
  const last = new Map<string, Alert>()
  return revisions.filter((alert) => {
    const before = last.get(alert.id)
    last.set(alert.id, alert)
    const stands = before !== undefined && before.status !== 'withdrawn'
    return alert.revision !== (before?.revision ?? 0) + 1 || stands !== (alert.status !== 'raised')
  })
}

/** Lines of decisions as text, without what counts their revisions. */
const finalDecisions = (text: string): string[] => text.replaceAll(/,"revision":\d+\}$/gm, '}').split('\n')

interface Replays {
  readonly events: number
  readonly repeats: number
  readonly clean: Replay<Alert>
  readonly sorted: Replay<Alert>
  readonly arrived: Replay<Alert>
  readonly cleanDecisions: Replay<unknown>
  readonly arrivedDecisions: Replay<unknown>
}

/** Replays a clean file and the same events shuffled, two at a time. */
async function replayAll(
  workspace: Workspace,
  rules: string,
  clean: string,
  mixed: string,
  flags: readonly string[],
): Promise<Omit<Replays, 'events' | 'repeats'>> {
  const [cleanAlerts, arrived] = await Promise.all([
    workspace.replay<Alert>(rules, clean, ...flags),
    workspace.replay<Alert>(rules, mixed, '--order', 'arrival', ...flags),
  ])
  const [cleanDecisions, arrivedDecisions] = await Promise.all([
    workspace.replay(rules, clean, '--emit', 'decisions', ...flags),
    workspace.replay(rules, mixed, '--emit', 'decisions', '--order', 'arrival', ...flags),
  ])
  const sorted = await workspace.replay<Alert>(rules, mixed, ...flags)
  return { clean: cleanAlerts, arrived, cleanDecisions, arrivedDecisions, sorted }
}

function itDoesNotDependOnOrder(replays: () => Replays): void {
  it('counts every row once', () => {
    const { events, repeats, clean, sorted, arrived } = replays()
    expect(clean.summary).toMatchObject({ rows: events, events, duplicates: 0, late: 0, deadLetters: {} })
    for (const { summary } of [sorted, arrived])
      expect(summary).toMatchObject({ rows: events + repeats, events, duplicates: repeats, late: 0, deadLetters: {} })
  })

  it('gives the same bytes once sorted', () => {
    const { clean, sorted } = replays()
    expect(sorted.text === clean.text).toBe(true)
  })

  it('has the same alerts stand in the end', () => {
    const { clean, arrived } = replays()
    expect(standing(arrived.lines)).toEqual(standing(clean.lines))
    expect(arrived.summary.alerts).toEqual(clean.summary.alerts)
  })

  it('revises on the way there, each alert in its own numbers', () => {
    const { arrived } = replays()
    expect(arrived.lines.some(({ status }) => status === 'withdrawn')).toBe(true)
    expect(misnumbered(arrived.lines)).toEqual([])
  })

  it('decides the same on every event in the end', () => {
    const { cleanDecisions, arrivedDecisions } = replays()
    const expected = finalDecisions(cleanDecisions.text)
    const found = finalDecisions(arrivedDecisions.text)
    const wrong = found.flatMap((line, i) => (line === expected[i] ? [] : [{ found: line, expected: expected[i] }]))
    expect(wrong.slice(0, 5)).toEqual([])
    expect(found).toHaveLength(expected.length)
    expect(expected.some((line) => !line.includes('"outcome":"allow","score":0,'))).toBe(true)
    expect(new Set(expected.map((line) => /"outcome":"(\w+)"/.exec(line)?.[1])).size).toBeGreaterThan(2)
  })
}

const rules = {
  'events.yaml': handbookEvents,
  'spending/scenario.yaml': `
scenario: spending
title: Spending unlike the account
combine: sum
thresholds: { alert: 50, challenge: 40, review: 60, decline: 90 }
`,
  'spending/four-times-usual.rule.yaml': `
rule: four-times-usual
title: Four times the mean of those before
features:
  n:     { count: all, over: 20d, current: exclude }
  usual: { avg: amount, over: 20d, current: exclude }
when: n >= 5 && amount > 4 * usual
score: 60
severity: high
reason: R-1
message: "{amount}, usual {usual}"
`,
  'spending/quick.rule.yaml': `
rule: quick
title: Three within the hour, the last soon after the one before
features:
  n:       { count: all, over: 1h }
  since:   { elapsed: all }
  highest: { max: amount, events: 5 }
  before:  { last: amount, events: 3, current: exclude }
when: n >= 3 && hours(since) < 0.4
cooldown: 1h
score: 30
severity: low
reason: R-2
message: "{n} within the hour, the highest of five {highest}"
`,
  'spending/busy-terminal.rule.yaml': `
rule: busy-terminal
title: Many accounts at one terminal
by: terminal
features:
  accounts: { distinct: account, over: 1h }
  spread:   { stddev: amount, over: 1d, where: amount > 20 }
when: accounts >= 2
score: 40
severity: medium
reason: R-3
message: "{accounts} accounts, spread {spread}"
`,
  'patterns/scenario.yaml': `
scenario: patterns
title: Sequences
combine: max
thresholds: { alert: 20, hold: 70 }
`,
  'patterns/probe-then-strike.rule.yaml': `
rule: probe-then-strike
title: Small, then large
pattern:
  - begin: probe
    where: amount < 10
    times: 1+
  - followedBy: strike
    where: amount > 80 && amount > 10 * avg(probe.amount)
within: 3h
skip: past-last
score: 80
severity: critical
reason: R-4
message: "{count(probe)} then {strike.amount}"
`,
  'patterns/rising.rule.yaml': `
rule: rising
title: Three payments, each larger than the one before
pattern:
  - begin: first
    where: amount > 30
  - next: second
    where: amount > first.amount
  - next: third
    where: amount > second.amount
within: 1d
skip: { to-last: second }
cooldown: 12h
score: 30
severity: low
reason: R-5
`,
  'patterns/terminal-pair.rule.yaml': `
rule: terminal-pair
title: Two large payments at one terminal without a small one between
by: terminal
pattern:
  - begin: one
    where: amount > 150
  - notFollowedBy: small
    where: amount < 20
  - followedByAny: other
    where: amount > 150 && account != one.account
within: 12h
score: 60
severity: medium
reason: R-6
`,
  'loose/silence-after-large.rule.yaml': `
rule: silence-after-large
title: A large payment, then none for half a day
pattern:
  - begin: large
    where: amount > 200
  - notFollowedBy: any_other
within: 12h
score: 10
severity: low
`,
}

describe.skipIf(sharedMissing('a month of the handbook, shuffled', 'data', 'handbook'))(
  'a month of the handbook, shuffled',
  () => {
    const workspace = new Workspace()
    let replays: Replays
    beforeAll(async () => {
      const [header, ...rows] = gunzipSync(readFileSync(handbookFiles[0])).toString().trimEnd().split('\n')
      const events = rows.map((line) => ({ at: 1000 * Number(line.split(',', 2)[1]), line }))
      const { lines, repeats } = shuffled(events, { seed: 1, latenessMs: tenMinutesMs })
      const clean = workspace.write('clean.csv', `${header}\n${rows.join('\n')}\n`)
      const mixed = workspace.write('mixed.csv', `${header}\n${lines.join('\n')}\n`)
      const map = workspace.write('handbook.map.yaml', handbookMap)
      const found = await replayAll(workspace, workspace.rules('rules', rules), clean, mixed, ['--map', map])
      replays = { ...found, events: rows.length, repeats }
    }, 300_000)
    afterAll(() => workspace.close())

    itDoesNotDependOnOrder(() => replays)

    it('is about rules that all find something', () => {
      expect(Object.entries(replays.clean.summary.alerts).filter(([, count]) => count === 0)).toEqual([])
    })
  },
)

describe('a generated stream under the shipped rules, shuffled', () => {
  const workspace = new Workspace()
  let replays: Replays
  let events: Sent[]
  beforeAll(async () => {
    const clean = workspace.path('clean.jsonl')
    const generated = await vigil(['generate', '--seed', '3', '--customers', '600', '--days', '40', '--out', clean])
    expect(generated).toMatchObject({ code: 0 })
    const rows = readFileSync(clean, 'utf8').trimEnd().split('\n')
    events = rows.map((line) => ({ at: Date.parse(JSON.parse(line).at), line }))
    const { lines, repeats } = shuffled(events, { seed: 2, latenessMs: tenMinutesMs })
    const mixed = workspace.write('mixed.jsonl', `${lines.join('\n')}\n`)
    const found = await replayAll(workspace, shippedRules, clean, mixed, [])
    replays = { ...found, events: rows.length, repeats }
  }, 300_000)
  afterAll(() => workspace.close())

  itDoesNotDependOnOrder(() => replays)

  it('has the same alerts stand under a lateness of six hours too', { timeout: 120_000 }, async () => {
    const { lines, repeats } = shuffled(events, { seed: 3, latenessMs: 36 * tenMinutesMs })
    const mixed = workspace.write('mixed-widely.jsonl', `${lines.join('\n')}\n`)
    const arrived = await workspace.replay<Alert>(shippedRules, mixed, '--order', 'arrival', '--lateness', '6h')
    expect(arrived.summary).toMatchObject({ events: events.length, duplicates: repeats, late: 0, deadLetters: {} })
    expect(standing(arrived.lines)).toEqual(standing(replays.clean.lines))
    expect(misnumbered(arrived.lines)).toEqual([])
  })

  it('leaves out what comes later than the lateness, and counts it', async () => {
    const { lines, repeats } = shuffled(events, { seed: 4, latenessMs: tenMinutesMs })
    const mixed = workspace.write('mixed-for-late.jsonl', `${lines.join('\n')}\n`)
    const { summary } = await workspace.replay(shippedRules, mixed, '--order', 'arrival', '--lateness', '30s')
    expect(summary.late).toBeGreaterThan(0)
    expect(summary.rows).toBe(events.length + repeats)
    expect(summary.events + summary.duplicates + summary.late).toBe(summary.rows)
    expect(summary.deadLetters).toEqual({})
  })

  it('is about many of the rules', () => {
    const { alerts } = replays.clean.summary
    expect(Object.values(alerts).filter((count) => count > 0).length).toBeGreaterThanOrEqual(10)
  })
})
