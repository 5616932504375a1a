/** Rule sets that together use every kind of state: the more hits, the more of it. */

const oneKey = `
events:
  payment:
    fields:
      account: string
      amount: money
      kind: string
      rate: optional<double>
      count: optional<int>
      note: optional<string>
    keys: { account: account }
`

const manyKeys = `
events:
  payment:
    fields:
      account: string
      card: optional<string>
      amount: money
      kind: string
      note: optional<string>
    keys: { account: account, card: card }
  transfer:
    fields: { debtor: string, creditor: string, amount: money, note: optional<string> }
    keys: { account: [debtor, creditor] }
`

const rule = (name: string, lines: string): [string, string] => [
  `${name}.rule.yaml`,
  `rule: ${name}\nscore: 50\nseverity: high\n${lines}`,
]

const on = 'on: payment\n'

export const checkpointRules: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  windows: new Map([
    ['events.yaml', oneKey],
    rule(
      'windows',
      `${on}features:
  n:       { count: all, over: 10m }
  spent:   { sum: amount, over: 10m, where: kind != "c" }
  before:  { avg: amount, over: 20m, delay: 5m }
  least:   { min: amount, over: 10m }
  most:    { max: amount, over: 15m, current: exclude }
  spread:  { stddev: amount, over: 10m }
  rates:   { sum: rate, over: 10m }
  wobble:  { stddev: rate, over: 10m }
  notes:   { distinct: note, over: 15m }
  few:     { sum: amount, events: 3, where: kind == "a" }
  both:    { count: all, over: 8m, events: 4, where: kind != "b" }
  oldest:  { first: note, over: 10m }
  newest:  { last: note, over: 10m, where: kind == "b", current: exclude }
  part:    { share: amount > 50, over: 10m }
  silence: { elapsed: all, where: kind == "c" }
when: n > 3 && spent > 100
message: "{n} {spent} {before} {least} {most} {spread} {rates} {wobble} {notes} {few} {both} {oldest} {newest} {part} {silence}"
`,
    ),
    rule('quotient', `${on}when: amount / count > 10.0\ncooldown: 5m\n`),
  ]),
  patterns: new Map([
    ['events.yaml', oneKey],
    rule(
      'probe-strike',
      `${on}pattern:
  - begin: probe
    where: kind == "a"
    times: 2+
  - followedBy: strike
    where: kind == "b" && amount > 2 * avg(probe.amount)
within: 15m
skip: past-last
message: "{count(probe)} {sum(probe.amount)} {strike.note} {first(probe).note}"
`,
    ),
    rule(
      'every-way',
      `${on}pattern:
  - begin: one
    where: kind == "a"
  - followedByAny: two
    where: kind == "b"
  - followedBy: three
    where: kind == "c" && note == one.note
within: 6m
skip: next
cooldown: 4m
`,
    ),
    rule(
      'to-last',
      `${on}features:
  n: { count: all, over: 5m }
  last_note: { last: note, over: 10m }
pattern:
  - begin: one
    where: kind == "a" && n >= 2
  - followedBy: two
    where: kind == "c" && last_note != one.note
    times: 1..2
within: 10m
skip: { to-last: two }
`,
    ),
  ]),
  absence: new Map([
    ['events.yaml', oneKey],
    rule(
      'no-answer',
      `${on}pattern:
  - begin: ask
    where: kind == "a"
  - notFollowedBy: answer
    where: kind == "b"
within: 3m
skip: past-last
cooldown: 6m
message: "{ask.note} was not answered"
`,
    ),
    rule(
      'pair-then-silence',
      `${on}where: amount > 20
pattern:
  - begin: one
    where: kind == "c"
  - followedBy: two
    where: kind == "a"
  - notFollowedBy: three
    where: kind == "c"
within: 5m
`,
    ),
  ]),
  scenario: new Map([
    ['events.yaml', manyKeys],
    [
      'risk/scenario.yaml',
      'scenario: risk\ntitle: Several keys at once\ncombine: sum\nthresholds: { alert: 60, challenge: 30, hold: 80 }\n',
    ],
    [
      'risk/often.rule.yaml',
      `rule: often\non: [payment, transfer]\nfeatures: { n: { count: all, over: 5m } }\nwhen: n >= 2\nscore: 30
severity: low\nreason: R-1\ncooldown: 3m\nmessage: "{n}"\n`,
    ],
    [
      'risk/card.rule.yaml',
      `rule: card\nby: card\non: payment\nfeatures: { accounts: { distinct: account, over: 10m } }\nwhen: accounts >= 2\nscore: 40
severity: high\nreason: R-2\ncooldown: 2m\n`,
    ],
    [
      'risk/hop.rule.yaml',
      `rule: hop\non: [payment, transfer]\npattern:\n  - begin: got\n    where: type == "transfer" && creditor == key
  - followedBy: out\n    where: type == "transfer" && debtor == key && amount >= got.amount\nwithin: 10m\nskip: past-last
score: 50\nseverity: critical\nreason: R-3\n`,
    ],
    rule('large', 'by: card\non: payment\nwhen: amount > 80\n'),
  ]),
}
