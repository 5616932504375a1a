// What scripts depend on: exit codes, where words go, and the same bytes for the same input.
import { mkdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Finished, shell, vigil, Workspace } from '../support/vigil-command.ts'

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
`,
}
const event = (id: string, amount = 150): string =>
  `${JSON.stringify({ id, at: '2026-03-01T12:00:00Z', account: 'A', amount })}\n`

const commands = ['replay', 'rules check', 'rules test', 'rules schema', 'generate', 'demo']

const workspace = new Workspace()
let folder = ''
let good = ''
beforeAll(() => {
  folder = workspace.rules('rules', rules)
  good = workspace.write('good.jsonl', event('1') + event('2') + event('3', 50))
})
afterAll(() => workspace.close())

/** Runs all at once. */
const all = (lines: ReadonlyArray<readonly string[]>): Promise<Finished[]> =>
  Promise.all(lines.map((args) => vigil(args)))

describe('help', { timeout: 60_000 }, () => {
  it('names every command, and is on stdout when it was asked for', async () => {
    const [asked, short, word, nothing] = await all([['--help'], ['-h'], ['help'], []])
    expect(asked).toMatchObject({ code: 0, stderr: '' })
    for (const name of commands) expect(asked.stdout).toContain(`  vigil ${name} `)
    expect([short, word]).toEqual([asked, asked])
    expect(nothing).toEqual({ code: 2, stdout: '', stderr: asked.stdout })
  })

  it('is there for every command, with its flags and an example', async () => {
    const shown = await all(commands.map((name) => [...name.split(' '), '--help']))
    for (const [i, { code, stdout, stderr }] of shown.entries()) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(new RegExp(`^Usage: vigil ${commands[i]}`))
      expect(stdout).toContain(`\n  vigil ${commands[i]}`)
    }
    for (const flag of [
      'rules',
      'events',
      'map',
      'format',
      'emit',
      'order',
      'lateness',
      'out',
      'dead-letters',
      'summary',
    ])
      expect(shown[0].stdout).toContain(`--${flag} `)
  })

  it('is there for a group of commands, and beside other flags', async () => {
    const [group, beside] = await all([
      ['rules', '--help'],
      ['replay', '--rules', 'nowhere', '--help'],
    ])
    expect(group).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/rules check(.|\n)*rules test(.|\n)*rules schema/),
    })
    expect(beside).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Usage: vigil replay/) })
  })
})

describe('what cannot start', { timeout: 60_000 }, () => {
  const replay = (...flags: readonly string[]): string[] => ['replay', '--rules', folder, '--events', good, ...flags]
  /** The command, a sentence that tells what is wrong, and what was meant. */
  const refusals: ReadonlyArray<readonly [what: string, args: () => string[], said: RegExp]> = [
    ['an unknown command', () => ['repaly'], /no command "repaly"; did you mean replay\?/],
    ['an unknown command of a group', () => ['rules', 'chek'], /no command "rules chek"; did you mean rules check\?/],
    ['half a command', () => ['rules'], /which of these\?(.|\n)*rules check/],
    [
      'an unknown flag',
      () => replay('--dead-leters', 'x'),
      /unknown flag --dead-leters; did you mean --dead-letters\?/,
    ],
    ['a flag of another command', () => replay('--seed', '1'), /unknown flag --seed/],
    ['an unknown flag of a boolean', () => ['rules', 'check', folder, '--jsno'], /--jsno; did you mean --json\?/],
    ['no rules', () => ['replay', '--events', good], /--rules DIR is missing/],
    ['no events', () => ['replay', '--rules', folder], /--events FILE is missing/],
    ['a flag without its value', () => replay('--out'), /--out/],
    ['a word too many', () => replay('more.jsonl'), /too many arguments: more\.jsonl/],
    ['an unknown choice', () => replay('--order', 'arival'), /"arival"; did you mean arrival\?/],
    ['an unknown emission', () => replay('--emit', 'alert'), /"alert"; did you mean alerts\?/],
    ['a lateness without a unit', () => replay('--lateness', '10'), /duration such as 30s, 10m/],
    ['a lateness of a month', () => replay('--lateness', '31d'), /at most 7d/],
    ['a number that is none', () => ['generate', '--days', 'ten'], /--days is a whole number from 1 to \d+, not "ten"/],
    ['a time without a zone', () => ['generate', '--start', '2026-01-01'], /--start is a time such as/],
    ['an absent folder of rules', () => ['replay', '--rules', 'nowhere', '--events', good], /nowhere is not a folder/],
    ['an absent folder to check', () => ['rules', 'check', 'nowhere'], /nowhere is not a folder/],
    ['a file as folder', () => ['rules', 'test', good], /good\.jsonl is a file; give the folder/],
    [
      'an absent file',
      () => ['replay', '--rules', folder, '--events', 'nowhere.jsonl'],
      /nowhere\.jsonl: does not exist/,
    ],
    ['a second file that is absent', () => replay('--events', 'nowhere.jsonl'), /nowhere\.jsonl: does not exist/],
    ['a folder as file', () => replay('--events', workspace.path('folder.jsonl')), /folder\.jsonl: is a folder/],
    ['an absent map', () => replay('--map', 'nowhere.yaml'), /nowhere\.yaml: does not exist/],
    [
      'a name without a format',
      () => replay('--events', 'events.txt'),
      /events\.txt: the name does not tell the format.*\.jsonl/,
    ],
    [
      'stdin without a format',
      () => ['replay', '--rules', folder, '--events', '-'],
      /stdin is not known: add --format/,
    ],
    ['CSV without a map', () => replay('--events', workspace.path('table.csv')), /table\.csv: csv .* --map FILE/],
    [
      'an output in no folder',
      () => replay('--out', '/nowhere/out.jsonl'),
      /\/nowhere\/out\.jsonl: its folder does not exist/,
    ],
    ['an output that is the input', () => replay('--out', good), /--out .*good\.jsonl is an input too/],
    [
      'two outputs that are one',
      () => replay('--out', workspace.path('one'), '--summary', workspace.path('one')),
      /--summary .*one is --out too/,
    ],
    [
      'events and labels in one file',
      () => ['generate', '--out', workspace.path('one'), '--labels', workspace.path('one')],
      /--labels .*one is --out too/,
    ],
  ]

  let results: Finished[]
  beforeAll(async () => {
    mkdirSync(workspace.path('folder.jsonl'))
    workspace.write('table.csv', 'ID\n1\n')
    results = await all(refusals.map(([, args]) => args()))
  }, 120_000)

  it.each(refusals.map(([what, , said], i) => [what, said, i] as const))('%s', (_, said, i) => {
    const { code, stdout, stderr } = results[i]
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^vigil/)
    expect(stderr).toMatch(said)
    expect(stderr).not.toMatch(/\n\s+at |node:/)
  })

  it('leaves the input as it was', () => {
    expect(readFileSync(good, 'utf8')).toBe(event('1') + event('2') + event('3', 50))
  })
})

describe('what breaks on the way', { timeout: 60_000 }, () => {
  it('a full disk ends each command with 1 and one sentence', async () => {
    const lines = [
      'vigil replay --rules "$1" --events "$2" --out /dev/full',
      'vigil replay --rules "$1" --events "$2" >/dev/full',
      'vigil replay --rules "$1" --events "$2" --out /dev/null --summary /dev/full',
      `printf 'x\\n' | vigil replay --rules "$1" --events - --format json --dead-letters /dev/full`,
      'vigil generate --customers 10 --days 2 --out /dev/full',
      'vigil generate --customers 10 --days 2 >/dev/full',
      'vigil rules check "$1" >/dev/full',
      'vigil rules test "$1" >/dev/full',
      'vigil rules schema >/dev/full',
      'vigil demo --customers 10 --days 2 >/dev/full',
      'vigil --help >/dev/full',
    ]
    const results = await Promise.all(lines.map((line) => shell(line, folder, good)))
    for (const [i, { code, stderr }] of results.entries()) {
      expect(code, lines[i]).toBe(1)
      expect(stderr, lines[i]).toMatch(/^vigil[a-z ]*: (\/dev\/full|stdout): no space is left on the device\n$/)
    }
  })

  it('a reader that has seen enough ends each command quietly', async () => {
    const lines = [
      'vigil generate --customers 1000 --days 60 | head -1 | wc -l',
      'vigil generate --customers 500 --days 30 | vigil replay --rules rules --events - --format json --emit decisions | head -1 | wc -l',
      'vigil rules schema | head -1 | wc -l',
      'vigil demo --customers 300 --days 20 | head -1 | wc -l',
    ]
    const results = await Promise.all(lines.map((line) => shell(line)))
    for (const [i, { code, stdout, stderr }] of results.entries()) {
      expect({ code, stdout: stdout.trim() }, lines[i]).toEqual({ code: 0, stdout: '1' })
      expect(stderr, lines[i]).not.toMatch(/EPIPE|\n\s+at /)
    }
  })

  it('a compressed file that is broken off, or none, ends with 1 and its place', async () => {
    const broken = workspace.write('broken.jsonl.gz', 'no gzip')
    const [result] = await all([['replay', '--rules', folder, '--events', good, '--events', broken]])
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(/^vigil replay: .*broken\.jsonl\.gz: .* at byte \d+ of the compressed file\n$/)
  })
})

describe('the same input', { timeout: 60_000 }, () => {
  it('gives the same bytes: a generated stream, its labels, and what the shipped rules find in it', async () => {
    const generate = (name: string, seed: string): string[] => [
      ...['generate', '--seed', seed, '--customers', '300', '--days', '20'],
      ...['--out', workspace.path(`${name}.jsonl`), '--labels', workspace.path(`${name}.labels`)],
    ]
    const made = await all([generate('a', '5'), generate('b', '5'), generate('c', '6')])
    expect(made.map(({ code, stdout }) => [code, stdout])).toEqual(Array(3).fill([0, '']))
    const text = (name: string): string => readFileSync(workspace.path(name), 'utf8')
    expect(text('b.jsonl') === text('a.jsonl')).toBe(true)
    expect(text('b.labels')).toBe(text('a.labels'))
    expect(text('c.jsonl') === text('a.jsonl')).toBe(false)

    const ids = new Set(
      text('a.jsonl')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    )
    for (const line of text('a.labels').trimEnd().split('\n')) {
      expect(Object.keys(JSON.parse(line))).toEqual(['id', 'kind', 'case'])
      expect(ids.has(JSON.parse(line).id)).toBe(true)
    }

    const replays = await all(
      ['a', 'b'].flatMap((name) =>
        ['alerts', 'features'].map((emit) => [
          'replay',
          '--rules',
          'rules',
          '--events',
          workspace.path(`${name}.jsonl`),
          '--emit',
          emit,
        ]),
      ),
    )
    expect(replays.map(({ code }) => code)).toEqual([0, 0, 0, 0])
    expect(replays[0].stdout).not.toBe('')
    expect(replays[2].stdout === replays[0].stdout).toBe(true)
    expect(replays[3].stdout === replays[1].stdout).toBe(true)
  })

  it('starts and stops where it is told', async () => {
    const [result] = await all([['generate', '--events', '50', '--start', '2024-02-29T00:00:00+01:00']])
    const lines = result.stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(50)
    expect(lines.map((line) => JSON.parse(line).at)).toEqual(lines.map((line) => JSON.parse(line).at).sort())
  })
})

describe('results', { timeout: 60_000 }, () => {
  it('are on stdout or in --out, and everything else is on stderr', async () => {
    const summary = workspace.path('summary.json')
    const [toStdout, toFile] = await all([
      ['replay', '--rules', folder, '--events', good, '--summary', summary],
      ['replay', '--rules', folder, '--events', good, '--out', workspace.path('alerts.jsonl')],
    ])
    expect(toFile).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(workspace.path('alerts.jsonl'), 'utf8')).toBe(toStdout.stdout)
    expect(toStdout.stderr).toMatch(/^3 rows: 3 events, 0 duplicates, 0 late, 0 dead letters\n2 alerts, in /)
    const alert = JSON.parse(toStdout.stdout.split('\n')[0])
    expect(alert).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      ...{ rule: 'large', version: expect.stringMatching(/^[0-9a-f]+$/), by: 'account', key: 'A' },
      ...{ at: '2026-03-01T12:00:00.000Z', event: '1', features: {}, score: 50, severity: 'low' },
      ...{ revision: 1, status: 'raised' },
    })
    expect(JSON.parse(readFileSync(summary, 'utf8'))).toEqual({
      ...{ rows: 3, events: 3, duplicates: 0, late: 0, deadLetters: {}, alerts: { large: 2 } },
      ...{ seconds: expect.any(Number), eventsPerSecond: expect.any(Number), peakRssBytes: expect.any(Number) },
    })
  })
})
