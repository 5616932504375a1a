import { expect, it } from 'vitest'
import { closureOf, leavesOf, scope, type World } from '../../tests/support/expressions.ts'
import { checkTemplate } from './check-template.ts'
import { formatValue } from './format-value.ts'

function message(text: string, world: World): string {
  const { parts, problems } = checkTemplate(text, scope)
  if (parts === undefined) throw new Error(JSON.stringify(problems))
  const shown = parts.map((part) =>
    typeof part === 'string' ? part : formatValue(closureOf(part, leavesOf(world))(), part.type),
  )
  return shown.join('')
}

it('puts values between the text', () => {
  const world = {
    spend_1h: 123_450,
    usual: 12.5,
    probe: [{ amount: 99 }, { amount: 150 }],
    strike: [{ amount: 25_000 }],
  }
  expect(message('{spend_1h} spent in one hour; usual purchase {usual}', world)).toBe(
    '1234.50 spent in one hour; usual purchase 12.5',
  )
  expect(message('{count(probe)} purchases under 2.00, then {strike.amount}', world)).toBe(
    '2 purchases under 2.00, then 250.00',
  )
  expect(message('{channel}', {})).toBe('–')
  expect(message('', {})).toBe('')
})

it('takes doubled braces as text, and braces within texts as theirs', () => {
  expect(message('{{n}} = {n}', { n: 3 })).toBe('{n} = 3')
  expect(message('a }} b', {})).toBe('a } b')
  expect(message(`{"}" + '\\'}'}`, {})).toBe(`}'}`)
})

it('tells problems where they are in the message', () => {
  const text = '{n_1h} times, {spend_1 } spent, {amuont}'
  const found = checkTemplate(text, scope).problems ?? []
  expect(found.map(({ start, end, hint }) => [text.slice(start, end), hint])).toEqual([
    ['spend_1', 'spend_1h'],
    ['amuont', 'amount'],
  ])
})

it('tells braces that do not match', () => {
  expect(checkTemplate('a {n', scope).problems).toMatchObject([{ start: 2, end: 4, code: 'unmatched-brace' }])
  expect(checkTemplate('n} b', scope).problems).toMatchObject([{ start: 1, end: 2, code: 'unmatched-brace' }])
  expect(checkTemplate('{}', scope).problems).toMatchObject([{ start: 1, end: 1, code: 'syntax' }])
})
