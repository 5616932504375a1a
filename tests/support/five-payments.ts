const events = `events:
  transaction:
    fields: { account: string, amount: money }
    keys: { account: account }
`
const rule = `rule: five-payments
pattern:
  - { begin: probe, where: amount < 10, times: 4 }
  - { next: strike, where: amount > 100 }
within: 1h
score: 80
severity: high
`

/** A rule set whose alert five payments of one account lead to: four small ones, then a large one. */
export const fivePayments = { 'events.yaml': events, 'five.rule.yaml': rule }

/** The payment with this number, from 1, of those five. */
export const paymentOf = (n: number): string =>
  `{"id":"t${n}","at":${Date.UTC(2026, 2, 1) + n * 1000},"account":"A","amount":${n < 5 ? 5 : 150}}`
