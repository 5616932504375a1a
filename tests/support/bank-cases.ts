// Random rules and events of a small bank: few accounts, times and amounts, so that windows, ties and patterns meet all the time.
import fc from 'fast-check'
import { jsonLines, pasteText } from '../../shared/cep/testing/paste-text.ts'
import type { RuleSet } from '../../shared/rule-language/rule-set.ts'
import { type BankEvent, bankFiles, bankRules, minute } from './bank.ts'

export interface BankCase {
  readonly rules: Readonly<Record<string, string>>
  readonly scenario: string
  readonly events: readonly BankEvent[]
  /** The same events in an order in which none is late, some of them twice. */
  readonly arrival: readonly BankEvent[]
  readonly latenessMs: number
}

const duration = fc.constantFrom('1m', '2m', '3m', '5m', '10m', '20m')
const condition = fc.constantFrom(
  'channel == "a"',
  'channel == "b"',
  'channel != "a" && amount > 2',
  'amount > 5',
  'amount < 5',
  'double(amount) / double(items) > 2.0',
)
const some = fc.integer({ min: 1, max: 4 })

const feature = fc
  .tuple(duration, duration, some, condition)
  .chain(([over, delay, events, where]) =>
    fc.constantFrom(
      `{ count: all, over: ${over} }`,
      `{ sum: amount, over: ${over}, where: '${where}' }`,
      `{ sum: items, over: ${over} }`,
      `{ avg: amount, over: ${over}, current: exclude }`,
      `{ max: amount, over: ${over}, delay: ${delay} }`,
      `{ min: amount, events: ${events} }`,
      `{ distinct: merchant.id, over: ${over} }`,
      `{ distinct: channel, over: ${over}, events: ${events} }`,
      `{ distinct: id, over: ${over}, delay: ${delay}, events: ${events + 2} }`,
      `{ last: merchant.id, over: ${over}, current: exclude }`,
      `{ first: merchant.id, events: ${events}, where: '${where}' }`,
      `{ share: amount > 5, over: ${over} }`,
      `{ elapsed: all, where: '${where}' }`,
      `{ stddev: risk, over: ${over} }`,
      `{ sum: risk, events: ${events} }`,
    ),
  )

const stepLines = fc
  .record({
    contiguity: fc.constantFrom('next', 'followedBy', 'followedBy', 'followedByAny'),
    where: fc.oneof(
      { weight: 3, arbitrary: condition },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '',
          'amount > sum(s0.amount)',
          'count(s0) > 1',
          'amount > s0.amount',
          'merchant.id == s0.merchant.id',
          'has(f0)',
          'f0 != f0 || amount > 3',
        ),
      },
    ),
    times: fc.constantFrom('', '', '', '2', '1..3', '2+', '1+'),
    inner: fc.constantFrom('', 'relaxed', 'strict', 'any'),
    isOptional: fc.boolean(),
    within: fc.constantFrom('', '', '', '', '1m', '2m'),
    absence: fc.option(fc.tuple(fc.constantFrom('notNext', 'notFollowedBy'), condition), { freq: 5 }),
  })
  .map((step) => (i: number): string => {
    const lines = [`  - ${i === 0 ? 'begin' : step.contiguity}: s${i}`]
    if (step.where !== '') lines.push(`    where: '${step.where}'`)
    if (step.times !== '') lines.push(`    times: ${step.times}`)
    if (step.times !== '' && step.inner !== '') lines.push(`    inner: ${step.inner}`)
    if (i > 0 && step.isOptional && step.times !== '') lines.push('    optional: true')
    if (i > 0 && step.within !== '') lines.push(`    within: ${step.within}`)
    if (i > 0 && step.absence !== null)
      lines.unshift(`  - ${step.absence[0]}: n${i}`, `    where: '${step.absence[1]}'`)
    return lines.join('\n')
  })

const pattern = fc
  .record({
    steps: fc.array(stepLines, { minLength: 1, maxLength: 3 }),
    ending: fc.option(condition, { freq: 2 }),
    within: fc.constantFrom('3m', '8m', '15m', '30m'),
    skip: fc.constantFrom('', 'next', 'past-last', 'past-last', '{ to-first: s0 }', '{ to-last: s0 }'),
  })
  .map(({ steps, ending, within, skip }) =>
    [
      'pattern:',
      ...steps.map((lines, i) => lines(i)),
      ...(ending === null ? [] : ['  - notFollowedBy: end', `    where: '${ending}'`]),
      `within: ${within}`,
      ...(skip === '' ? [] : [`skip: ${skip}`]),
    ].join('\n'),
  )

const body = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('f0 > 2', 'has(f0)', 'amount > 5').map((when) => `when: '${when}'`) },
  { weight: 2, arbitrary: pattern },
)

const rule = fc
  .record({
    by: fc.constantFrom('account', 'account', 'terminal'),
    on: fc.constantFrom('transaction', 'transaction', '[transaction, transfer]', '[transaction, login, transfer]'),
    where: fc.option(condition, { freq: 3 }),
    cooldown: fc.option(duration, { freq: 3 }),
    score: fc.constantFrom(20, 40, 60),
    features: fc.array(feature, { minLength: 1, maxLength: 4 }),
    body,
  })
  .map((r) =>
    [
      `by: ${r.by}`,
      `on: ${r.by === 'terminal' ? 'transaction' : r.on}`,
      `score: ${r.score}`,
      `reason: R${r.score}`,
      ...(r.where === null ? [] : [`where: '${r.where}'`]),
      ...(r.cooldown === null ? [] : [`cooldown: ${r.cooldown}`]),
      'features:',
      ...r.features.map((text, i) => `  f${i}: ${text}`),
      'message: "{key} {f0} {at}"',
      r.body,
    ].join('\n'),
  )

interface Arrived {
  readonly event: BankEvent
  /** When it comes, and when it comes again, in thousandths of the lateness after its time. */
  readonly delays: readonly number[]
}

const eventFields = fc.record({
  kind: fc.constantFrom('transaction', 'transaction', 'transaction', 'transaction', 'transfer', 'login'),
  step: fc.constantFrom(0, 0, 1, 1, 1, 2, 9),
  account: fc.constantFrom('A', 'A', 'A', 'B', 'C'),
  other: fc.constantFrom('A', 'B', 'C'),
  terminal: fc.constantFrom('T', 'U', undefined),
  amount: fc.nat(9),
  items: fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER, undefined),
  risk: fc.constantFrom(0.1, 0.2, 1e16, -0.3, undefined),
  channel: fc.constantFrom('a', 'a', 'b', 'b', 'c'),
  merchant: fc.constantFrom('m1', 'm2', 'm3', undefined),
  prefix: fc.constantFrom('', 'x', 'long-', 'é'),
  isText: fc.boolean(),
  delays: fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.nat(999)) },
    { weight: 2, arbitrary: fc.constant([0]) },
    { weight: 1, arbitrary: fc.tuple(fc.nat(999), fc.nat(999)) },
  ),
})

function arrivedEvents(all: readonly (typeof eventFields extends fc.Arbitrary<infer F> ? F : never)[]): Arrived[] {
  let at = 0
  return all.map((f, i) => {
    at += f.step * minute
    // Ids neither rise with time nor are of one length.
    const id = `${f.prefix}${(i * 37) % 101}${f.isText ? '-t' : ''}${i > 100 ? i : ''}`
    const base = { id, at, type: f.kind }
    const present = Object.fromEntries(
      Object.entries({ terminal: f.terminal, items: f.items, risk: f.risk }).filter(([, value]) => value !== undefined),
    )
    const shop = f.merchant === undefined ? {} : { merchant: { id: f.merchant } }
    const event: BankEvent =
      f.kind === 'login'
        ? { ...base, account: f.account, success: true }
        : f.kind === 'transfer'
          ? { ...base, debtor: f.account, creditor: f.other, amount: f.amount }
          : { ...base, account: f.account, amount: f.amount, channel: f.channel, ...present, ...shop }
    return { event, delays: f.delays }
  })
}

const scenarioText = fc
  .record({
    combine: fc.constantFrom('sum', 'max'),
    alert: fc.constantFrom('', 'alert: 40, ', 'alert: 60, '),
    size: fc.integer({ min: 2, max: 3 }),
  })
  .map(
    ({ combine, alert, size }) =>
      `scenario: ring\ntitle: Ring\nrules: [${Array.from({ length: size }, (_, i) => `r${i}`).join(', ')}]\n` +
      `combine: ${combine}\nthresholds: { ${alert}challenge: 30, decline: 90 }\n`,
  )

/**
 * @param eventsMax most events of one case
 * @param areApart no two accounts meet in an event, and some come long after others: still in time, as each account judges for itself
 */
export const bankCase = (eventsMax: number, areApart = false): fc.Arbitrary<BankCase> =>
  fc
    .record({
      rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
      scenario: fc.option(scenarioText, { nil: '' }),
      lateness: fc.constantFrom(2, 3, 5, 10, 30),
      events: fc.array(eventFields, { minLength: 1, maxLength: eventsMax, size: 'max' }),
      lags: fc.record({ A: fc.constantFrom(0, 10, 60), B: fc.constantFrom(0, 10, 60), C: fc.constantFrom(0, 10, 60) }),
    })
    .map(({ rules, scenario, lateness, events, lags }) => {
      const latenessMs = lateness * minute
      const alone = (fields: (typeof events)[number]): (typeof events)[number] => ({
        ...fields,
        kind: fields.kind === 'transfer' ? 'transaction' : fields.kind,
        terminal: undefined,
      })
      const arrived = arrivedEvents(areApart ? events.map(alone) : events)
      const lagOf = ({ account }: BankEvent): number => (areApart ? lags[account as keyof typeof lags] * minute : 0)
      // One that comes before another is less than the lateness newer than that.
      const sendings = arrived.flatMap(({ event, delays }) =>
        delays.map((delay) => ({ event, at: event.at + lagOf(event) + Math.floor((delay * latenessMs) / 1000) })),
      )
      return {
        rules: Object.fromEntries(rules.map((text, i) => [`r${i}`, text])),
        scenario,
        events: arrived.map(({ event }) => event),
        arrival: sendings.sort((a, b) => a.at - b.at).map(({ event }) => event),
        latenessMs,
      }
    })

/** The case as something to paste into a shell in an empty folder. Rules that are none are left out by `ruleSetOfCase`, not here. */
export function bankCaseText({ rules, scenario, events, arrival, latenessMs }: BankCase): string {
  const others = scenario === '' ? {} : { 'ring/scenario.yaml': scenario }
  return pasteText(
    { ...bankFiles(rules, others), 'sorted.jsonl': jsonLines(events), 'arrival.jsonl': jsonLines(arrival) },
    [
      'npx vigil replay --rules . --events sorted.jsonl',
      `npx vigil replay --rules . --events arrival.jsonl --order arrival --lateness ${latenessMs}ms`,
    ],
  )
}

/** The rule set of a case, less the rules that are none; undefined where none is left. */
export function ruleSetOfCase({ rules, scenario }: BankCase): RuleSet | undefined {
  const others = scenario === '' ? {} : { 'ring/scenario.yaml': scenario }
  const whole = loaded(rules, others)
  if (whole !== undefined) return whole
  const valid = Object.entries(rules).filter(([name, text]) => loaded({ [name]: text }) !== undefined)
  if (valid.length === 0) return undefined
  return loaded(Object.fromEntries(valid), others) ?? loaded(Object.fromEntries(valid))
}

function loaded(...files: Parameters<typeof bankRules>): RuleSet | undefined {
  try {
    return bankRules(...files)
  } catch {
    return undefined
  }
}
