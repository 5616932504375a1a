// The complete stream of the Fraud Detection Handbook in one replay, against totals that were computed without Vigil.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handbookEvents, handbookFiles, handbookMap } from '../support/handbook.ts'
import { sharedMissing } from '../support/shared-data.ts'
import { type Replay, Workspace } from '../support/vigil-command.ts'

const score = 'score: 10\nseverity: low\n'
const rules = {
  'events.yaml': handbookEvents,
  'above-220.rule.yaml': `
rule: above-220
title: More than 220
when: amount > 220
${score}`,
  'four-times-usual.rule.yaml': `
rule: four-times-usual
title: More than four times the account's mean of 30 days
features:
  n:    { count: all, over: 30d }
  mean: { avg: amount, over: 30d }
when: n >= 5 && amount > 4 * mean
${score}`,
  'three-in-an-hour.rule.yaml': `
rule: three-in-an-hour
title: Three payments or more within one hour
features:
  n: { count: all, over: 1h }
when: n >= 3
${score}`,
  'probe-then-strike.rule.yaml': `
rule: probe-then-strike
title: A small payment, then a large one within one hour
pattern:
  - begin: probe
    where: amount < 10
  - followedBy: strike
    where: amount > 100
within: 3601s
skip: past-last
${score}`,
}

describe.skipIf(sharedMissing('the stream of the handbook', 'data', 'handbook'))('the stream of the handbook', () => {
  const workspace = new Workspace()
  let replay: Replay<{ id: string; rule: string; at: string; features?: { n: number; mean?: number } }>
  beforeAll(async () => {
    const map = workspace.write('handbook.map.yaml', handbookMap)
    replay = await workspace.replay(workspace.rules('rules', rules), handbookFiles, '--map', map)
  }, 300_000)
  afterAll(() => workspace.close())

  it('raises the alerts that it is known to hold', () => {
    expect(replay.summary).toMatchObject({
      rows: 1_754_155,
      events: 1_754_155,
      duplicates: 0,
      late: 0,
      deadLetters: {},
      alerts: { 'above-220': 3_258, 'four-times-usual': 1_817, 'three-in-an-hour': 18_887, 'probe-then-strike': 587 },
    })
  })

  it('writes each of them once, in order of time and rule', () => {
    expect(replay.lines).toHaveLength(3_258 + 1_817 + 18_887 + 587)
    expect(new Set(replay.lines.map(({ id }) => id)).size).toBe(replay.lines.length)
    const order = replay.lines.map(({ at, rule }) => `${at} ${rule}`)
    expect(order).toEqual([...order].sort())
  })

  it('shows with each the features that the rule saw', () => {
    const counts = replay.lines
      .filter(({ rule }) => rule === 'three-in-an-hour')
      .map(({ features }) => features?.n ?? 0)
    expect(Math.min(...counts)).toBe(3)
    const usual = replay.lines.filter(({ rule }) => rule === 'four-times-usual').map(({ features }) => features)
    expect(usual.every((features) => features !== undefined && features.n >= 5 && Number(features.mean) > 0)).toBe(true)
  })
})
