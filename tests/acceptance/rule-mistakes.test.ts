// Mistakes in rule files: all of them in one run, each with its place and a hint, and whoever follows the hints is done.
import { afterAll, describe, expect, it } from 'vitest'
import { vigil, Workspace } from '../support/vigil-command.ts'

/** What `rules check --json` writes; contract. */
interface Mistake {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly code: string
  readonly message: string
  readonly hint: string
}

const events = `events:
  transaction:
    fields: { account: string, amount: money, channel: string, mcc: optional<string> }
    keys: { account: account }
`
const rule = `rule: large
title: Large
when: amount > 100
score: 50
severity: low
`

/** Where each mistake is marked: `«as written|what is meant»`. */
const marks = /«([^|»]*)\|([^»]*)»/g
const asWritten = (text: string): string => text.replaceAll(marks, '$1')
const asMeant = (text: string): string => text.replaceAll(marks, '$2')

/** `file:line:column` of each mark, and what is meant there. */
function marksOf(files: Readonly<Record<string, string>>): { readonly place: string; readonly meant: string }[] {
  return Object.entries(files).flatMap(([file, text]) =>
    [...text.matchAll(marks)].map((mark) => {
      const before = asWritten(text.slice(0, mark.index)).split('\n')
      return { place: `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`, meant: mark[2] }
    }),
  )
}

const sets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a rule with a condition': {
    'events.yaml': events,
    'a.rule.yaml': `rule: spending
title: Spending far above the habit
where: channel == "ecommerce"
features:
  n:     { «cuont|count»: all, over: 1h }
  usual: { avg: amount, over: 30d }
when: n >= 3 && «ammount|amount» > 4 * usual
score: 70
severity: «hihg|high»
`,
  },
  'a rule with a pattern': {
    'events.yaml': events,
    'nested/b.rule.yaml': `rule: sequence
title: Small, then large
pattern:
  - begin: probe
    where: amount < 2.00 && «chanel|channel» == "ecommerce"
    times: 3+
  - «folowedBy|followedBy»: strike
    where: amount > «agv|avg»(probe.amount)
within: «10 min|10m»
«skpi|skip»: past-last
score: 70
severity: high
`,
  },
  'expressions that need a thought': {
    'events.yaml': events,
    'c.rule.yaml': `rule: expressions
title: Expressions
features:
  n: { count: all, over: 1h }
when: «n|double(n)» / 2 > 1.5 && amount > 10.00
score: 70
severity: high
`,
    'd.rule.yaml': `rule: quotes
title: Quotes
when: «!has(mcc)|'!has(mcc)'»
score: «120|100»
severity: high
message: «{amount} spent|'{amount} spent'»
`,
  },
  'events, a list, a scenario and a test': {
    'events.yaml': events.replace('amount: money', 'amount: «mony|money»'),
    'lists/codes.yaml': 'list: codes\ntype: «strng|string»\nentries: [{ value: "7995" }]\n',
    'large.rule.yaml': rule.replace('100', '100 && inList(«"coeds"|"codes"», mcc)'),
    'scenario.yaml': `scenario: spending
title: Spending
rules: [large]
combine: «summ|sum»
thresholds: { alert: 40, «chalenge|challenge»: 60 }
`,
    'large.test.yaml': `rule: large
tests:
  - name: one large payment
    events:
      - { at: 0s, account: A, amount: 250, channel: pos, mcc: "7995" }
    «expct|expect»: [{ at: 0s, key: A, event: 1 }]
`,
  },
}

describe('rules check', { timeout: 60_000 }, () => {
  const workspace = new Workspace()
  afterAll(() => workspace.close())

  it.each(Object.entries(sets))(
    'names all mistakes in %s at once, each with a hint that mends it',
    async (name, files) => {
      const each = (change: (text: string) => string): Record<string, string> =>
        Object.fromEntries(Object.entries(files).map(([file, text]) => [file, change(text)]))
      const wrong = workspace.rules(`${name}/wrong`, each(asWritten))
      const mended = workspace.rules(`${name}/mended`, each(asMeant))
      const [json, text, fixed] = await Promise.all([
        vigil(['rules', 'check', wrong, '--json']),
        vigil(['rules', 'check', wrong]),
        vigil(['rules', 'check', mended]),
      ])
      const expected = marksOf(files)
      expect(expected.length).toBeGreaterThanOrEqual(3)
      const mistakes: Mistake[] = JSON.parse(json.stdout)
      const places = mistakes.map(({ file, line, column }) => `${file}:${line}:${column}`)
      expect([...places].sort()).toEqual(expected.map(({ place }) => place).sort())
      for (const { place, meant } of expected) {
        const mistake = mistakes[places.indexOf(place)]
        expect(Object.keys(mistake)).toEqual(['file', 'line', 'column', 'code', 'message', 'hint'])
        expect(mistake.code).toMatch(/^[a-z]+(-[a-z]+)*$/)
        expect(mistake.hint, place).toContain(meant.replace(/^"(.*)"$/, '$1'))
      }
      const lines = mistakes.map(
        ({ file, line, column, message, hint }) =>
          `${wrong}/${file}:${line}:${column}: ${message}\n    hint: ${hint}\n`,
      )
      expect(text.stdout).toBe(lines.join(''))
      expect([json.code, text.code, json.stderr, text.stderr]).toEqual([1, 1, '', ''])
      expect(fixed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('no errors') })
    },
  )

  it('says what is in a set without mistakes', async () => {
    const folder = workspace.rules('good', { 'events.yaml': events, 'large.rule.yaml': rule })
    const [text, json] = await Promise.all([
      vigil(['rules', 'check', folder]),
      vigil(['rules', 'check', folder, '--json']),
    ])
    expect(text).toEqual({ code: 0, stderr: '', stdout: '1 rules, 0 scenarios, 0 lists, 0 tests: no errors\n' })
    expect(json).toEqual({ code: 0, stderr: '', stdout: '[]\n' })
  })

  it('needs events.yaml and nothing else', async () => {
    const [none, only] = await Promise.all([
      vigil(['rules', 'check', workspace.rules('none', { 'large.rule.yaml': rule })]),
      vigil(['rules', 'check', workspace.rules('only', { 'events.yaml': events })]),
    ])
    expect(none).toMatchObject({ code: 1, stdout: expect.stringMatching(/events\.yaml:1:1: .*no events\.yaml/) })
    expect(only).toMatchObject({ code: 0 })
  })

  it('ends with its mistakes for files that are no rules at all', async () => {
    const folder = workspace.rules('odd', {
      'events.yaml': events,
      'empty.rule.yaml': '',
      'list.rule.yaml': '- a\n- b\n',
      'tab.rule.yaml': 'rule: tab\n\twhen: amount > 1\n',
      'open.rule.yaml': 'rule: "open\nwhen: amount > 1\n',
      'deep.rule.yaml': `rule: deep\nwhen: ${'('.repeat(5_000)}1${')'.repeat(5_000)}\n`,
      'twice.rule.yaml': `${rule}${rule}`,
      'anchor.rule.yaml': `${rule.replace('large', 'anchor')}message: &a [*a]\n`,
    })
    const { code, stdout, stderr } = await vigil(['rules', 'check', folder, '--json'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const mistakes: Mistake[] = JSON.parse(stdout)
    const files = new Set(mistakes.map(({ file }) => file))
    expect([...files].sort()).toEqual(
      ['empty', 'list', 'tab', 'open', 'deep', 'twice', 'anchor'].map((name) => `${name}.rule.yaml`).sort(),
    )
    for (const { line, column, message } of mistakes) expect(line > 0 && column > 0 && message !== '').toBe(true)
  })

  it('has replay refuse the set before it reads an event, with the same mistakes', async () => {
    const files = sets['a rule with a condition']
    const wrong = workspace.rules('refused', { 'events.yaml': events, 'a.rule.yaml': asWritten(files['a.rule.yaml']) })
    const input = workspace.write('events.jsonl', '')
    const { code, stdout, stderr } = await vigil(['replay', '--rules', wrong, '--events', input])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    for (const { place, meant } of marksOf(files)) {
      expect(stderr).toContain(`${wrong}/${place}: `)
      expect(stderr).toContain(meant)
    }
  })
})
