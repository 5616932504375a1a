import { loadRuleSet } from '#shared/rule-language/load-rule-set'
import type { RuleSet } from '#shared/rule-language/rule-set'

const events = `
events:
  transaction:
    fields: { account: string, terminal: optional<string>, amount: money, channel: optional<string> }
    keys: { account: account, terminal: terminal }
  login:
    fields: { account: string, success: bool }
    keys: { account: account }
`

/** All ways in which one account's past bears on what is found for it; no scenario, nothing that waits for time. */
const plainRules = {
  'large.rule.yaml': `
rule: large
title: More than 50
when: amount > 50
cooldown: 1m
message: "{amount}"
score: 60
severity: high
`,
  'often.rule.yaml': `
rule: often
title: Three within a minute
features:
  n:        { count: all, over: 1m }
  total:    { sum: amount, over: 1m }
  channels: { distinct: channel, over: 5m }
when: n >= 3
score: 20
severity: low
`,
  // Its name is the first of all: lines of one instant go by it.
  'any.rule.yaml': `
rule: any-two
title: Two after each other
pattern:
  - begin: first
    where: amount < 30
  - followedByAny: second
    where: amount > first.amount
within: 2m
skip: { to-last: first }
score: 10
severity: low
`,
  'loop.rule.yaml': `
rule: loop
title: Small ones, then a large one
pattern:
  - begin: probe
    where: amount < 20
    times: 2+
  - followedBy: strike
    where: amount > 60
within: 3m
skip: past-last
score: 80
severity: high
`,
}

const absences = {
  'silent.rule.yaml': `
rule: silent
title: Failed, and not tried again
on: login
pattern:
  - begin: guess
    where: "!success"
  - notFollowedBy: entry
    where: success
within: 30s
skip: past-last
cooldown: 2m
score: 20
severity: low
`,
}

const scenario = {
  'spending/scenario.yaml': `
scenario: spending
title: Spending
combine: sum
thresholds: { alert: 50, review: 30, decline: 90 }
`,
  'spending/small.rule.yaml': `
rule: small
title: Small
when: amount < 40
score: 30
severity: low
reason: S
`,
  'spending/odd.rule.yaml': `
rule: odd
title: From a channel
when: channel == "web"
score: 30
severity: low
reason: W
cooldown: 30s
`,
}

export const ruleSets = {
  plain: load(plainRules),
  absences: load({ ...plainRules, ...absences }),
  scenario: load({ ...absences, ...scenario }),
}

/** Two keys: not to be split. */
export const twoKeys = load({
  ...plainRules,
  'terminal.rule.yaml': plainRules['often.rule.yaml'].replace('rule: often', 'rule: crowd\nby: terminal'),
})

function load(rules: Readonly<Record<string, string>>): RuleSet {
  const { ruleSet, diagnostics } = loadRuleSet(new Map(Object.entries({ 'events.yaml': events, ...rules })))
  if (ruleSet === undefined) throw new Error(JSON.stringify(diagnostics))
  return ruleSet
}

export interface StreamOptions {
  readonly random: () => number
  readonly rows: number
  readonly accounts: number
  /** On average between two rows. */
  readonly stepMs: number
  /** How far a row may stand from its place. */
  readonly disorderMs: number
  /** Accounts number their events themselves, so that ids recur. */
  readonly areIdsShared: boolean
}

/** JSON Lines with all that can be wrong with them: repeats, conflicts, late rows, rows that are no events. */
export function hostileLines(options: StreamOptions): string[] {
  const { random, rows, accounts, stepMs, disorderMs, areIdsShared } = options
  const below = (n: number): number => Math.floor(random() * n)
  const pick = <T>(among: readonly T[]): T => among[below(among.length)]
  const recent: Record<string, unknown>[] = []
  const numbers = new Map<string, number>()
  const lines: string[] = []
  let time = 1_700_000_000_000
  for (let i = 0; i < rows; i++) {
    time += below(2 * stepMs + 1)
    const kind = random()
    if (kind < 0.03) {
      lines.push(pick(['{', '[]', '{"id":"x"}', '{"type":"odd","id":"1","at":1}', '{"id":"y","at":5,"account":"A"}']))
      continue
    }
    if (kind < 0.1 && recent.length > 0) {
      lines.push(JSON.stringify(pick(recent)))
      continue
    }
    const account = `account-${below(accounts)}`
    const number = areIdsShared ? (numbers.get(account) ?? 0) + 1 : i
    numbers.set(account, number)
    // Whole seconds: several accounts have events at one instant.
    const at = Math.floor((time - below(disorderMs + 1)) / 1000) * 1000
    const event: Record<string, unknown> = { id: String(number), at, account }
    if (random() < 0.2) Object.assign(event, { type: 'login', success: random() < 0.4 })
    else Object.assign(event, { amount: below(10_000) / 100, channel: pick(['web', 'pos', 'é', undefined]) })
    if (random() < 0.3) event['terminal'] = `terminal-${below(5)}`
    if (kind < 0.14 && recent.length > 0) {
      // Of another content, perhaps at another time.
      const other = pick(recent)
      Object.assign(event, { id: other['id'], account: other['account'] })
      if (random() < 0.5) event['at'] = other['at']
    }
    lines.push(JSON.stringify(event))
    recent.push(event)
    if (recent.length > 30) recent.shift()
  }
  return lines
}
