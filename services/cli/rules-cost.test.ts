import { afterAll, describe, expect, it } from 'vitest'
import { bankEvents } from '../../tests/support/bank.ts'
import { vigil, Workspace } from '../../tests/support/vigil-command.ts'

const probes = `rule: probes
score: 50
severity: high
pattern:
  - begin: probe
    where: amount < 5
    times: 3+
  - followedBy: strike
    where: amount > 100
within: 10m
skip: past-last
`

const nested = `rule: nested
score: 50
severity: high
when: tags.exists(t, tags.exists(u, u == t && u != "x"))
`

const work = new Workspace()
const good = work.rules('good', { 'events.yaml': bankEvents, 'probes.rule.yaml': probes })
const dear = work.rules('dear', { 'events.yaml': bankEvents, 'probes.rule.yaml': probes, 'nested.rule.yaml': nested })

afterAll(() => work.close())

describe('rules check --cost', () => {
  it('prints a line for each rule, with the dearest part and its place', async () => {
    const { code, stdout, stderr } = await vigil(['rules', 'check', good, '--cost'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [head, line, end] = stdout.split('\n')
    expect(head).toMatch(/^rule +base +event +20 events +runs +operations +dearest$/)
    expect(line).toMatch(/^probes( +[0-9,]+){5} {2}runs by step "probe" \(times: 3\+\) /)
    expect(line.endsWith(`${good}/probes.rule.yaml:7:12`)).toBe(true)
    expect(end).toBe('1 rules, 0 scenarios, 0 lists, 0 tests: no errors')
  })

  it('gives one object for each rule with --json', async () => {
    const { code, stdout } = await vigil(['rules', 'check', good, '--cost', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual([
      {
        rule: 'probes',
        file: 'probes.rule.yaml',
        line: 1,
        column: 7,
        bytesPerAccount: {
          base: expect.any(Number),
          perEvent: expect.any(Number),
          atEvents: expect.any(Number),
          events: 20,
          openRuns: expect.any(Number),
        },
        workPerEvent: { operations: expect.any(Number), isBounded: false, runs: 173, matches: 153 },
        dearest: {
          construct: 'runs by step "probe" (times: 3+)',
          file: 'probes.rule.yaml',
          line: 7,
          column: 12,
        },
      },
    ])
  })

  it('of a rule that costs too much is a mistake, of the check without it and of a replay, too', async () => {
    const costly = `${dear}/nested.rule.yaml:4:7: one event may cost this rule `
    for (const flags of [[], ['--cost']]) {
      const { code, stdout } = await vigil(['rules', 'check', dear, ...flags])
      expect({ code, costly: stdout.startsWith(costly) }).toEqual({ code: 1, costly: true })
    }
    const json = await vigil(['rules', 'check', dear, '--cost', '--json'])
    expect({ code: json.code, costly: json.stderr.startsWith(costly) }).toEqual({ code: 1, costly: true })
    expect(JSON.parse(json.stdout)).toHaveLength(2)
    const replay = await vigil(['replay', '--rules', dear, '--events', '-'])
    expect({ code: replay.code, costly: replay.stderr.includes(costly) }).toEqual({ code: 1, costly: true })
  })

  it('of files with mistakes is an empty array, and says them on stderr', async () => {
    const wrong = work.rules('wrong', { 'events.yaml': bankEvents, 'a.rule.yaml': 'rule: a\nwhen: amount = 1\n' })
    const { code, stdout, stderr } = await vigil(['rules', 'check', wrong, '--cost', '--json'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '[]\n' })
    expect(stderr).toContain('a.rule.yaml:2:14: `=` is written `==`')
  })
})
