import { expect, it } from 'vitest'
import { ruleSetOf, World } from '../../tests/support/checkpoint-world.ts'

const files = new Map([
  ['events.yaml', 'events:\n  payment: { fields: { account: string, amount: int }, keys: { account: account } }\n'],
  [
    'growing.rule.yaml',
    `rule: growing
on: payment
pattern:
  - begin: one
  - followedBy: two
    where: amount >= one.amount
within: 10m
skip: past-last
score: 50
severity: high
`,
  ],
])

it('undoes the decision on a match of long ago where an event out of order comes before it', () => {
  const world = new World(ruleSetOf(files), { latenessMs: 120_000 })
  const pay = (seconds: number, amount: number): void =>
    world.apply({ type: 'payment', at: seconds * 1_000, id: `${seconds}`, fields: { account: 'A', amount } })
  const statuses = (): string[] =>
    world.told.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line).alert.status)
  pay(1, 9_000)
  pay(2, 10)
  pay(50, 20)
  expect(statuses()).toEqual(['raised'])
  // The first payment has run out of time, so the match behind it is final: its event is older than the lateness by far.
  pay(650, 1)
  expect(statuses()).toEqual(['raised'])
  // But the first payment was answered in time: its match skips the other.
  pay(600, 9_500)
  expect(statuses()).toEqual(['raised', 'withdrawn', 'raised'])
})
