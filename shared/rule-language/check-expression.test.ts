import { describe, expect, it, test } from 'vitest'
import { limits } from '#shared/domain/limits'
import { double, money, type ValueType } from '#shared/domain/value-type'
import { checked, problemsOf, scope } from '../../tests/support/expressions.ts'
import { checkExpression } from './check-expression.ts'

/** The text that a problem is about, with its code and hint. */
const told = (text: string) =>
  problemsOf(text).map(({ start, end, code, hint }) => [text.slice(start, end), code, hint])

describe('a mistake is told where it is, with what mends it', () => {
  test.each<[string, string, string, string | undefined]>([
    // names
    ['amuont > 1', 'amuont', 'unknown-name', 'amount'],
    ['mechant.id == "a"', 'mechant', 'unknown-name', 'merchant'],
    ['merchant.contry == "CH"', 'contry', 'unknown-name', 'country'],
    ['country == "CH"', 'country', 'unknown-name', 'merchant.country'],
    ['spend_1 > 5', 'spend_1', 'unknown-name', 'spend_1h'],
    ['count(prob) > 1', 'prob', 'unknown-name', 'probe'],
    ['probe.amuont > 1', 'amuont', 'unknown-name', 'amount'],
    ['debtor == "a"', 'debtor', 'unknown-name', 'on: [transaction, transfer]'],
    ['True', 'True', 'unknown-name', 'true'],
    ['later.amount > 1', 'later', 'unknown-name', undefined],
    ['type == "transfr"', '"transfr"', 'unknown-event-type', '"transfer"'],
    ['inList("high-risk-mc", mcc)', '"high-risk-mc"', 'unknown-list', 'high-risk-mcc'],
    ['package == "a"', 'package', 'reserved-name', 'give the field another name'],
    ['merchant == "a"', 'merchant', 'type-mismatch', 'merchant.id, merchant.country'],
    ['probe > 1', 'probe', 'type-mismatch', 'count(probe), probe.account'],
    // spelling of other languages
    ['n = 1', '=', 'syntax', '=='],
    ['n === 1', '===', 'syntax', '=='],
    ['n <> 1', '<>', 'syntax', '!='],
    ['n >= 1 and fraud', 'and', 'syntax', '&&'],
    ['fraud OR n > 1', 'OR', 'syntax', '||'],
    ['not fraud', 'not', 'syntax', '!'],
    ['not (fraud)', 'not', 'syntax', '!'],
    ['fraud & n > 1', '&', 'syntax', '&&'],
    ['n ≥ 1', '≥', 'syntax', '>='],
    ['wait > 1h', '1h', 'syntax', 'duration("1h")'],
    ['wait > 1h30m', '1h30m', 'syntax', 'duration("1h30m")'],
    ['wait > 1.5h', '1.5h', 'syntax', 'duration("1h30m")'],
    ['amount > 1_000', '1_000', 'syntax', '1000'],
    ['x > .5', '.', 'syntax', '0.5'],
    ['n == 5u', '5u', 'unsupported', '5'],
    // money and numbers
    ['amount > 2.005', '2.005', 'too-many-decimals', '2.00 or 2.01'],
    ['2.005 < amount', '2.005', 'too-many-decimals', '2.00 or 2.01'],
    ['amount > -2.005', '-2.005', 'too-many-decimals', '-2.01 or -2.00'],
    ['amount in [1, 2.005]', '2.005', 'too-many-decimals', '2.00 or 2.01'],
    ['amount + 0.005 > 1', '0.005', 'too-many-decimals', '0.00 or 0.01'],
    ['amount > 90071992547409.92', '90071992547409.92', 'out-of-range', undefined],
    ['n == 9007199254740992', '9007199254740992', 'out-of-range', undefined],
    ['n / m > 0.5', 'n / m', 'integer-division', 'double(n) / m'],
    ['(n + 1) / 2 > 1', '(n + 1) / 2', 'integer-division', 'double(n + 1) / 2'],
    ['n * (n + (m)) / (n - 1) > 1', 'n * (n + (m)) / (n - 1)', 'integer-division', 'double(n * (n + (m))) / (n - 1)'],
    ['amount % 100 == 0', 'amount % 100', 'type-mismatch', 'int(amount) % 100'],
    ['x / 0 > 1', '0', 'division-by-zero', undefined],
    // types
    ['amount == "5"', 'amount == "5"', 'type-mismatch', 'amount == 5'],
    ['mcc == 5411', 'mcc == 5411', 'type-mismatch', 'mcc == "5411"'],
    ['mcc in ["5411", 5412]', '5412', 'type-mismatch', '"5412"'],
    ['fraud == "true"', 'fraud == "true"', 'type-mismatch', 'fraud == true'],
    ['fraud == 1', 'fraud == 1', 'type-mismatch', 'fraud == true'],
    ['wait > 3600', 'wait > 3600', 'type-mismatch', 'wait > duration("3600s")'],
    ['wait > "1h"', 'wait > "1h"', 'type-mismatch', 'wait > duration("1h")'],
    [
      'at > "2026-03-01T12:00:00Z"',
      'at > "2026-03-01T12:00:00Z"',
      'type-mismatch',
      'at > timestamp("2026-03-01T12:00:00Z")',
    ],
    ['at - 3600 > opened', 'at - 3600', 'type-mismatch', 'duration("3600s")'],
    ['1 < n < 5', '1 < n < 5', 'type-mismatch', '1 < n && n < 5'],
    ['channel + n == "a"', 'channel + n', 'type-mismatch', 'channel + string(n)'],
    ['channel && fraud', 'channel', 'type-mismatch', 'channel == "…"'],
    ['!n', 'n', 'type-mismatch', 'n > 0'],
    ['tags > amounts', 'tags > amounts', 'type-mismatch', undefined],
    ['tags < tags', 'tags < tags', 'type-mismatch', undefined],
    ['mcc in "5411"', '"5411"', 'type-mismatch', '["5411"]'],
    ['mcc in []', '[]', 'empty-list', undefined],
    ['amount.minor > 1', 'amount.minor', 'type-mismatch', undefined],
    ['channel[0] == "a"', 'channel[0]', 'type-mismatch', undefined],
    ['tags["a"] == "a"', '"a"', 'type-mismatch', undefined],
    ['merchant.country == null', 'merchant.country == null', 'null', '!has(merchant.country)'],
    ['usual != null', 'usual != null', 'null', 'has(usual)'],
    ['size({"a": 1}) == 1', '{"a": 1}', 'unsupported', undefined],
    // functions
    ['starts_with(channel, "a")', 'starts_with', 'unknown-function', 'startsWith'],
    ['channel.lowr() == "a"', 'lowr', 'unknown-function', 'lower'],
    ['len(tags) > 1', 'len', 'unknown-function', 'size'],
    ['now() > at', 'now', 'unknown-function', 'at'],
    ['amount.abs() > 1', 'amount.abs()', 'unknown-function', 'abs(amount)'],
    ['contains(channel, "a")', 'contains(channel, "a")', 'unknown-function', 'channel.contains("a")'],
    ['abs(channel) > 1', 'abs(channel)', 'bad-argument', 'abs(int) | abs(double) | abs(money) | abs(duration)'],
    ['hours(n) > 1', 'hours(n)', 'bad-argument', 'hours(duration)'],
    ['duration("1 hour") < wait', 'duration("1 hour")', 'bad-literal', 'duration("1h30m")'],
    ['at > timestamp("2026-03-01")', 'timestamp("2026-03-01")', 'bad-literal', 'timestamp("2026-03-01T12:00:00Z")'],
    ['localHour(at, "Europe/Zürich") < 6', '"Europe/Zürich"', 'unknown-zone', '"Europe/Zurich"'],
    ['localHour(at, channel) < 6', 'channel', 'bad-argument', '"Europe/Zurich"'],
    ['has(n + 1)', 'n + 1', 'bad-argument', 'has(amount)'],
    ['inList(mcc, "7995")', 'mcc', 'bad-argument', 'inList("name", value)'],
    ['inList("high-risk-mcc", n)', 'n', 'type-mismatch', 'string(n)'],
    ['distanceKm(amount, location) > 1', 'amount', 'type-mismatch', 'distanceKm(lat1, lon1, lat2, lon2)'],
    ['channel.matches(mcc)', 'mcc', 'bad-argument', 'text.matches("^CH")'],
    ['tags.exists(1, true)', '1', 'syntax', undefined],
    ['tags.exists(t, t)', 't', 'type-mismatch', undefined],
    ['channel.exists(t, true)', 'channel', 'type-mismatch', undefined],
    ['tags.map(t, t)', 'map', 'unknown-function', 'exists'],
    // steps
    ['sum(amount) > 3', 'sum(amount)', 'not-a-step', 'features: { name: { sum: amount, over: 1h } }'],
    ['count(all) > 3', 'count(all)', 'not-a-step', 'features: { name: { count: all, over: 1h } }'],
    ['max(n, 3) > 3', 'max(n, 3)', 'not-a-step', 'a < b ? a : b'],
    ['count(probe.amount) > 1', 'probe.amount', 'bad-argument', 'count(probe)'],
    ['sum(probe) > 1', 'probe', 'bad-argument', 'sum(probe.amount)'],
    ['avg(probe[0].amount) > 1', 'probe[0].amount', 'bad-argument', 'avg(probe.field)'],
    ['first(probe.amount) > 1', 'probe.amount', 'bad-argument', 'first(probe).amount'],
    ['probe[-1].amount > 1', '-1', 'bad-argument', 'last(probe)'],
    ['probe[n].amount > 1', 'n', 'bad-argument', 'probe[0]'],
    ['sum(probe.channel) > 1', 'probe.channel', 'type-mismatch', undefined],
    // regular expressions
    [
      'mcc.matches("(?!0)")',
      '"(?!0)"',
      'bad-regular-expression',
      'ask for two patterns: a.matches("…") && !a.matches("…")',
    ],
    ['mcc.matches("(a)\\\\1")', '"(a)\\\\1"', 'bad-regular-expression', undefined],
    ['mcc.matches("[")', '"["', 'bad-regular-expression', undefined],
    // syntax
    ['(n > 1', '', 'syntax', undefined],
    ['n > ', '', 'syntax', undefined],
    ['n > 1 fraud', 'fraud', 'syntax', undefined],
    ['channel == "a', '"a', 'syntax', undefined],
    ['n > 1 ? fraud', '', 'syntax', undefined],
    ['', '', 'syntax', undefined],
  ])('%s', (text, place, code, hint) => {
    expect(told(text)).toEqual([[place, code, hint]])
  })

  it('tells all at once, and goes on behind slips with the places of the text as written', () => {
    expect(told('n = 1 and amuont <> 2 or merchant.contry == 1h || mcc == 5411')).toEqual([
      ['=', 'syntax', '=='],
      ['and', 'syntax', '&&'],
      ['amuont', 'unknown-name', 'amount'],
      ['<>', 'syntax', '!='],
      ['or', 'syntax', '||'],
      ['contry', 'unknown-name', 'country'],
      ['1h', 'syntax', 'duration("1h")'],
      ['mcc == 5411', 'type-mismatch', 'mcc == "5411"'],
    ])
  })

  it('says that a result is always a fault', () => {
    expect(told('n > 9007199254740991 + 1')).toEqual([['9007199254740991 + 1', 'overflow', undefined]])
    expect(told('n % (2 - 2) == 0')).toEqual([['2 - 2', 'division-by-zero', undefined]])
  })

  it('takes words of other languages as names where they are declared', () => {
    const events = {
      fields: [{ path: 'or', type: double }],
      types: [{ name: 't', keys: [], fields: [{ field: 0, optional: false }] }],
      keys: [],
    }
    expect(problemsOf('or > 1', 'bool', { events, on: [0] })).toEqual([])
  })

  it('leaves texts and comments alone', () => {
    expect(problemsOf('channel == "a = b and 1h <> 2" // and = or')).toEqual([])
    expect(problemsOf("channel == 'it\\'s = and'")).toEqual([])
    expect(problemsOf('channel.matches(r"\\d = and")')).toEqual([])
  })

  it('asks for what is expected', () => {
    expect(problemsOf('n', 'bool')).toMatchObject([{ code: 'type-mismatch', hint: 'n > 0' }])
    expect(problemsOf('channel', 'number')).toMatchObject([{ code: 'type-mismatch' }])
    expect(problemsOf('tags', 'scalar')).toMatchObject([{ code: 'type-mismatch' }])
    expect(problemsOf('tags', 'any')).toEqual([])
    expect(problemsOf('amount', 'number')).toEqual([])
  })

  it('refuses a field on which two event types disagree, but takes one that only some have', () => {
    expect(problemsOf('amount > 1', 'bool', { on: [0, 1] })).toMatchObject([
      {
        start: 0,
        end: 6,
        code: 'conflicting-types',
        message: '`amount` is money in transaction, a double in transfer',
      },
    ])
    expect(problemsOf('debtor == account', 'bool', { on: [0, 1] })).toEqual([])
  })

  it('knows key only where an actor is', () => {
    expect(problemsOf('account == key')).toEqual([])
    expect(problemsOf('account == key', 'bool', { keyType: undefined })).toMatchObject([{ code: 'unknown-name' }])
  })
})

describe('names become numbers, and literals take the unit that they meet', () => {
  const constantOf = (text: string) => {
    const e = checked(text)
    return 'args' in e ? e.args[1] : undefined
  }

  test.each<[string, unknown, ValueType]>([
    ['amount > 2.5', 250, money(2)],
    ['amount > 2', 200, money(2)],
    ['amount > 2.500', 250, money(2)],
    ['amount > 1e2', 10_000, money(2)],
    ['amount > -0.01', -1, money(2)],
    ['dinar > 2.005', 2_005, money(3)],
    ['amount > 2 * 50', 10_000, money(2)],
    ['amount in [1, 2.5]', [100, 250], { kind: 'list', element: money(2) }],
  ])('%s', (text, value, type) => {
    expect(constantOf(text)).toEqual({ op: 'constant', value, type })
  })

  it('a constant stands on the right, so equal conditions are equal trees', () => {
    expect(checked('5 < amount')).toEqual(checked('amount > 5'))
    expect(checked('4 * spend_1h')).toEqual(checked('spend_1h * 4'))
  })

  it('a path leads to the flat field, also in the events of a step', () => {
    const { fields } = scope.events
    expect(checked('merchant.country')).toMatchObject({
      op: 'field',
      field: fields.findIndex(({ path }) => path === 'merchant.country'),
    })
    expect(checked('strike.merchant.id')).toMatchObject({
      op: 'step-element',
      step: 2,
      which: 'last',
      of: { op: 'field' },
    })
    expect(checked('probe[2].at')).toMatchObject({
      op: 'step-element',
      step: 0,
      which: 2,
      of: { op: 'envelope', name: 'at' },
    })
    expect(checked('first(probe).amount')).toMatchObject({ op: 'step-element', which: 'first' })
    expect(checked('last(probe).amount')).toEqual(checked('probe.amount'))
  })

  test.each([
    ['amount + fee', money(2)],
    ['amount + dinar', money(3)],
    ['amount - 1', double],
    ['amount * n', money(2)],
    ['n * amount', money(2)],
    ['amount * 2.5', double],
    ['2.0 * amount', double],
    ['amount / 2', double],
    ['amount / fee', double],
    ['amount * fee', double],
    ['n + 1', { kind: 'int' }],
    ['n + 1.0', double],
    ['n % 2', { kind: 'int' }],
    ['-amount', money(2)],
    ['abs(amount)', money(2)],
    ['round(x)', double],
    ['at - opened', { kind: 'duration' }],
    ['at + wait', { kind: 'timestamp' }],
    ['at - wait', { kind: 'timestamp' }],
    ['wait * 2', { kind: 'duration' }],
    ['hours(wait)', double],
    ['fraud ? amount : 0', money(2)],
    ['fraud ? n : 0.5', double],
    ['sum(probe.amount)', money(2)],
    ['avg(probe.amount)', double],
    ['max(probe.at)', { kind: 'timestamp' }],
    ['count(probe)', { kind: 'int' }],
    ['attributes.color', { kind: 'string' }],
    ['amounts[0]', money(2)],
    ['[1, 2.5]', { kind: 'list', element: double }],
  ])('the type of %s', (text, type) => {
    expect(checked(text).type).toEqual(type)
  })
})

describe('hostile text', () => {
  test.each<[string, string, string]>([
    ['10,000 parentheses', '('.repeat(10_000), 'too-deep'],
    ['10,000 negations', `${'!'.repeat(10_000)}fraud`, 'too-deep'],
    ['10,000 signs with spaces', `${'- '.repeat(8_000)}n`, 'too-deep'],
    ['10,000 brackets', '['.repeat(10_000), 'too-deep'],
    ['1 MB of text', 'n'.repeat(1 << 20), 'too-large'],
    ['1 MB within quotes', `"${'n'.repeat(1 << 20)}"`, 'too-large'],
    ['a long chain', `n${' + n'.repeat(2_000)}`, 'too-large'],
    ['a long path', `merchant${'.a'.repeat(500)}`, 'too-deep'],
    ['the prototype', '__proto__', 'reserved-name'],
    ['a prototype of a field', 'merchant.__proto__', 'unknown-name'],
    ['a constructor', 'constructor', 'unknown-name'],
    ['a method of objects', 'toString()', 'unknown-function'],
    ['a method of values', 'channel.constructor()', 'unknown-function'],
    ['a path to a constructor', 'channel.constructor.constructor', 'type-mismatch'],
    ['a list by the name of a prototype', 'inList("__proto__", mcc)', 'unknown-list'],
    ['a null byte', 'n > 1\u0000', 'syntax'],
    ['half a surrogate', 'n > \ud800', 'syntax'],
  ])('%s is one clean problem', (_, text, code) => {
    const problems = problemsOf(text)
    expect(problems.map((problem) => problem.code)).toEqual([code])
    expect(problems.every(({ start, end }) => 0 <= start && start <= end && end <= text.length)).toBe(true)
  })

  it('finds no key of a prototype in a map', () => {
    expect(checked('attributes.constructor == "a"')).toMatchObject({ op: '==' })
  })

  it('takes what is just within the limits', () => {
    const chain = `n${' + n'.repeat(limits.expressionNodesMax / 2 - 1)}`
    expect(checkExpression(chain, scope, 'any').problems).toBeUndefined()
    const nested = `${'('.repeat(limits.expressionDepthMax - 1)}n${')'.repeat(limits.expressionDepthMax - 1)}`
    expect(checkExpression(nested, scope, 'any').problems).toBeUndefined()
  })
})
