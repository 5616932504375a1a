// What `npm start` shows where there is no terminal.
import { beforeAll, describe, expect, it } from 'vitest'
import { type Finished, vigil } from '../support/vigil-command.ts'

describe('the demonstration', { timeout: 60_000 }, () => {
  let shown: Finished
  beforeAll(async () => {
    shown = await vigil(['demo', '--customers', '300', '--days', '20'])
  }, 120_000)

  it('says what it does, and ends well', () => {
    expect(shown).toMatchObject({ code: 0, stderr: '' })
    expect(shown.stdout).toMatch(/^Vigil: \d+ rules in \d+ scenarios watch 300 customers for 20 days \(seed 1\)\n/)
  })

  it('prints each alert on a line: time, severity, reason, key and what was found', () => {
    const alerts = shown.stdout.split('\n').filter((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d {2}/.test(line))
    expect(alerts.length).toBeGreaterThan(5)
    for (const line of alerts)
      expect(line).toMatch(/^.{16} {2}(low|medium|high|critical) +R-[A-Z]+-\d\d {2}\w+ \w+: \S.*[^{}]$/)
    expect(alerts).toEqual([...alerts].sort((a, b) => (a.slice(0, 16) < b.slice(0, 16) ? -1 : 1)))
  })

  it('tells at the end how right the alerts were, in all and for each scenario and kind of fraud', () => {
    expect(shown.stdout).toMatch(/\n\d+ alerts, \d+\.\d % of them right \(precision; [\d.]+ false : 1 true\)\n/)
    expect(shown.stdout).toMatch(/\n(\d+) of (\d+) cases of fraud found \(recall \d+\.\d %\)\n/)
    expect(shown.stdout).toMatch(/\n {2}account-take-over +\d+ alerts, \d+\.\d % right\n/)
    expect(shown.stdout).toMatch(/\n {2}account-take-over +\d+ of \d+ cases found\n/)
  })

  it('moves no cursor and shows no colour', () => {
    expect(shown.stdout).not.toContain('\x1b')
    expect(shown.stdout).not.toContain('\r')
  })

  it('is the same for the same seed, but for the time it took', async () => {
    const again = await vigil(['demo', '--customers', '300', '--days', '20', '--seed', '1'])
    const timeless = (text: string): string => text.replace(/ in [\d.]+ s: [\d,]+ events\/s| · [\d,]+ events\/s/g, '')
    expect(timeless(again.stdout)).toBe(timeless(shown.stdout))
  })
})
