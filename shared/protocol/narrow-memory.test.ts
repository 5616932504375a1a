import { expect, it } from 'vitest'
import { Random } from '#shared/generator/random'
import { OwnerWorld } from '../../tests/support/owner-world.ts'
import { ownerBounds } from './owner-bounds.ts'

const rules = new Map([
  ['events.yaml', 'events:\n  payment: { fields: { account: string, amount: money }, keys: { account: account } }\n'],
  [
    'often.rule.yaml',
    `rule: often
on: payment
features:
  n: { count: all, over: 30d }
  top: { max: amount, over: 30d }
when: n == 700 && top > 0
score: 50
severity: low
`,
  ],
])

const idForms = [
  { form: 'numbers', idOf: (sent: number) => String(sent) },
  {
    form: 'UUIDs once memory is full',
    idOf: (sent: number) =>
      sent < 12_000 ? String(sent) : `0f0c77aa-0000-4000-8000-${String(sent).padStart(12, '0')}`,
  },
]

it.each(idForms)(
  'finds room for two long histories among thousands of short ones that come and go, with ids that are $form',
  async ({ idOf }) => {
    const bounds = { ...ownerBounds, reserveBytes: 0 }
    const world = new OwnerWorld(rules, new Random(1), { memoryBytesMax: 2 ** 20, bounds })
    const random = new Random(2)
    await world.restart()
    let sent = 0
    const send = (account: string): void => {
      const at = 1_750_000_000_000 + sent++
      world.send({ type: 'payment', id: idOf(sent), at, fields: { account, amount: 100 } }, false)
    }
    for (let i = 0; i < 12_000; i++) {
      send(`account ${i}`)
      if (i % 100 === 99) await world.settle()
    }
    for (let i = 0; i < 9_000 && world.failures.length === 0; i++) {
      send(`busy ${i < 500 ? 0 : random.integer(0, 1)}`)
      if (i % 5 === 0) send(`other ${i}`)
      if (i % 20 === 19) await world.settle()
    }
    expect(world.failures).toEqual([])
    expect(world.delivered.size).toBe(2)
  },
  60_000,
)
