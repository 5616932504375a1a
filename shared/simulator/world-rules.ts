/** Rule sets of simulated worlds: windows, patterns, absences, several keys, scenarios and cooldowns, small enough to be read at once. */

const events = `events:
  payment:
    fields: { account: string, card: string, amount: int, kind: string }
    keys: { account: account, card: card }
`

const rule = (name: string, lines: string): readonly [string, string] => [
  `${name}.rule.yaml`,
  `rule: ${name}\non: payment\nscore: 50\nseverity: high\n${lines}`,
]

const windows = rule(
  'burst',
  `features:
  n: { count: all, over: 20s }
  spent: { sum: amount, over: 20s, where: kind != "c" }
when: n >= 3 && spent > 100
`,
)

const pattern = rule(
  'probe-strike',
  `pattern:
  - begin: probe
    where: kind == "a"
    times: 2+
  - followedBy: strike
    where: kind == "b" && amount > 30
within: 30s
skip: past-last
`,
)

const absence = rule(
  'silence',
  `pattern:
  - begin: ask
    where: kind == "a" && amount > 40
  - notFollowedBy: answer
    where: kind == "b"
within: 6s
`,
)

const scenario: readonly (readonly [string, string])[] = [
  ['risk/scenario.yaml', 'scenario: risk\ncombine: sum\nthresholds: { alert: 60, challenge: 30, hold: 80 }\n'],
  [
    'risk/often.rule.yaml',
    `rule: often\non: payment\nfeatures: { n: { count: all, over: 15s } }\nwhen: n >= 2\nscore: 30\nseverity: low
cooldown: 5s\nmessage: "{n}"\n`,
  ],
  [
    'risk/shared-card.rule.yaml',
    `rule: shared-card\nby: card\non: payment\nfeatures: { accounts: { distinct: account, over: 30s } }\nwhen: accounts >= 2
score: 40\nseverity: high\n`,
  ],
  [
    'risk/quiet.rule.yaml',
    `rule: quiet\nby: card\non: payment\npattern:\n  - begin: one\n    where: kind == "c"\n  - notFollowedBy: two
    where: kind == "a"\nwithin: 8s\nskip: past-last\nscore: 70\nseverity: low\n`,
  ],
]

const setOf = (rules: readonly (readonly [string, string])[]): ReadonlyMap<string, string> =>
  new Map([['events.yaml', events], ...rules])

export interface WorldRules {
  readonly name: string
  readonly before: ReadonlyMap<string, string>
  /** What they are changed to while events come. */
  readonly after: ReadonlyMap<string, string>
}

const changed = (files: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map(
    [...files].map(([path, text]) => [
      path,
      text.replace('score: 50', 'score: 60').replace('n >= 3', 'n >= 4').replace('alert: 60', 'alert: 50'),
    ]),
  )

const one = (name: string, files: ReadonlyMap<string, string>): WorldRules => ({
  name,
  before: files,
  after: changed(files),
})

/** The slow oracle knows all rules of the first three. */
export const worldRules: readonly WorldRules[] = [
  one('one key', setOf([windows, pattern, absence])),
  one('a pattern', setOf([pattern])),
  one('an absence', setOf([absence, windows])),
  one('several keys', setOf([...scenario, absence])),
]
