// `rules test` and `rules schema`, on the shipped rules and on some that fail.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { projectRoot } from '../../scripts/source-tree.ts'
import { violations } from '../support/json-schema.ts'
import { vigil, Workspace } from '../support/vigil-command.ts'

const rules = {
  'events.yaml': `
events:
  transaction:
    fields: { account: string, amount: money }
    keys: { account: account }
`,
  'large.rule.yaml': `
rule: large
title: Large
when: amount > 100
score: 50
severity: low
message: "{amount} is much"
`,
  'silent.rule.yaml': `
rule: silent
title: A large payment and nothing after it
pattern:
  - begin: large
    where: amount > 100
  - notFollowedBy: any_other
within: 1h
score: 60
severity: high
`,
}

const passing = `rule: silent
tests:
  - name: time passes
    events:
      - { at: 0s, account: A, amount: 150 }
    until: 2h
    expect:
      - { at: 1h, key: A, steps: { large: [1] } }
  - name: time does not move by itself
    events:
      - { at: 0s, account: A, amount: 150 }
    expect: []
`
const failing = `rule: large
tests:
  - name: expects the wrong account
    events:
      - { at: 0s, account: A, amount: 150 }
      - { at: 10s, account: B, amount: 250.50 }
    expect:
      - { at: 0s, key: B, event: 1 }
      - { at: 10s, key: B, event: 2, message: 250.50 is much }
  - name: expects one that does not come
    events:
      - { at: 0s, account: A, amount: 50 }
    expect:
      - { at: 0s, key: A, event: 1 }
  - name: does not expect one that comes
    events:
      - { at: 0s, account: A, amount: 150 }
    expect: []
  - name: is right
    events:
      - { at: 0s, account: A, amount: 150 }
    expect:
      - { key: A }
`

describe('rules test', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  afterAll(() => workspace.close())

  it('passes on the shipped rules, of which each has tests', async () => {
    const { code, stdout, stderr } = await vigil(['rules', 'test', 'rules'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const shipped = readdirSync(join(projectRoot, 'rules'), { recursive: true, encoding: 'utf8' })
    const named = (ending: string): string[] =>
      shipped.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length))
    expect(named('.test.yaml').sort()).toEqual(named('.rule.yaml').sort())
    const passed = /^(\d+) passed, 0 failed\n$/.exec(stdout)
    expect(Number(passed?.[1])).toBeGreaterThan(3 * named('.rule.yaml').length)
  })

  it('shows expected and actual alerts side by side for each test that fails, and exits 1', async () => {
    const folder = workspace.rules('failing', { ...rules, 'large.test.yaml': failing, 'silent.test.yaml': passing })
    const { code, stdout, stderr } = await vigil(['rules', 'test', folder])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const [first, second, third, total] = stdout.split('\n\n')
    expect(first).toMatch(/^FAILED .*\/large\.test\.yaml:3 large: expects the wrong account\n/)
    expect(first).toMatch(/expected +\| +actual/)
    expect(first).toMatch(/≠ key +B +\| +A\n/)
    expect(first).toMatch(/2 at +10s +\| +10s\n/)
    expect(second).toMatch(/:10 large: expects one that does not come\n/)
    expect(second).toMatch(/≠ key +A +\| +–/)
    expect(third).toMatch(/:15 large: does not expect one that comes\n/)
    expect(third).toMatch(/≠ key +– +\| +A/)
    expect(total).toBe('3 passed, 3 failed\n')
  })

  it('names mistakes in place of running anything', async () => {
    const wrong = failing.replace('amount: 50 ', 'amont: 50 ')
    const folder = workspace.rules('wrong', { ...rules, 'large.test.yaml': wrong, 'silent.test.yaml': passing })
    const { code, stdout } = await vigil(['rules', 'test', folder])
    expect(code).toBe(1)
    expect(stdout).toMatch(/large\.test\.yaml:12:31: .*"amont"\n {4}hint: did you mean "amount"\?\n$/)
  })
})

describe('rules schema', { timeout: 60_000 }, () => {
  it('is a JSON Schema that takes every shipped file and no other', async () => {
    const { code, stdout, stderr } = await vigil(['rules', 'schema'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const schema = JSON.parse(stdout)
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    const folder = join(projectRoot, 'rules')
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'))
    expect(files.length).toBeGreaterThan(40)
    for (const file of files) {
      const content = parse(readFileSync(join(folder, file), 'utf8'))
      expect(violations(schema, content), file).toEqual([])
      expect(violations(schema, { ...content, nonsense: 1 }), file).not.toEqual([])
    }
  })
})
