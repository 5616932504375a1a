import { describe, expect, it, test } from 'vitest'
import { checked, judged, leavesOf, shown, type World } from '../../tests/support/expressions.ts'
import { numberClosure } from './evaluate.ts'

const max = Number.MAX_SAFE_INTEGER
const absent = Number.NaN

describe('absence', () => {
  test.each<[string, unknown]>([
    // It spreads through field access, arithmetic and functions …
    ['n + 1', absent],
    ['1 - n', absent],
    ['-n', absent],
    ['amount * 2', absent],
    ['amount / 2', absent],
    ['x / 0.5', absent],
    ['n % 2', absent],
    ['abs(n)', absent],
    ['hours(wait)', absent],
    ['size(channel)', absent],
    ['size(tags)', absent],
    ['channel.startsWith("a")', absent],
    ['channel.matches("a")', absent],
    ['inList("high-risk-mcc", mcc)', absent],
    ['localHour(receivedAt, "UTC")', absent],
    ['distanceKm(location, strike.location)', absent],
    ['int(channel)', absent],
    ['timestamp(channel)', absent],
    ['channel + "a"', undefined],
    ['lower(channel)', undefined],
    ['string(n)', undefined],
    ['tags[0]', undefined],
    ['attributes.color', undefined],
    ['[n, 1]', undefined],
    ['tags.exists(t, t == "a")', absent],
    ['tags.all(t, t == "a")', absent],
    ['tags.exists_one(t, t == "a")', absent],
    // … a comparison with it is false …
    ['n == 1', 0],
    ['n != 1', 0],
    ['n < 1', 0],
    ['n >= 1', 0],
    ['n == n', 0],
    ['n != m', 0],
    ['channel == "a"', 0],
    ['channel != "a"', 0],
    ['channel != mcc', 0],
    ['channel < "a"', 0],
    ['tags == tags', 0],
    ['tags != tags', 0],
    ['fraud != true', 0],
    ['amount > 4 * usual', 0],
    ['mcc in ["1", "2"]', 0],
    ['n in [1, 2]', 0],
    ['"a" in tags', 0],
    ['"a" in attributes', 0],
    // … `has` asks …
    ['has(n)', 0],
    ['has(usual)', 0],
    ['has(channel)', 0],
    ['has(merchant)', 0],
    ['has(merchant.country)', 0],
    ['has(tags)', 0],
    ['has(tags[0])', 0],
    ['has(attributes.color)', 0],
    ['has(probe)', 0],
    ['has(probe[0])', 0],
    ['has(probe.amount)', 0],
    // … and an absent condition is false.
    ['fraud && true', 0],
    ['true && fraud', 0],
    ['fraud || false', 0],
    ['fraud || true', 1],
    ['!fraud', absent],
    ['!fraud || false', 0],
    ['!(fraud && true)', 1],
    ['!(n == 1)', 1],
    ['fraud ? 1 : 2', 2],
    ['fraud ? "a" : "b"', 'b'],
  ])('%s is %s of nothing', (text, value) => {
    expect(judged(text)).toEqual(value)
  })

  it('over nothing, counts and sums of a step are 0, the rest is absent', () => {
    expect(judged('count(probe) == 0 && sum(probe.amount) == 0')).toBe(1)
    expect(judged('avg(probe.amount)')).toBeNaN()
    expect(judged('min(probe.amount)')).toBeNaN()
    expect(judged('probe.amount')).toBeNaN()
  })

  it('never faults where an operand is absent', () => {
    expect(judged('x / y', { y: 0 })).toBeNaN()
    expect(judged('n % m', { m: 0 })).toBeNaN()
    expect(judged('n * m', { m: max })).toBeNaN()
  })
})

describe('has', () => {
  test.each<[string, World]>([
    ['has(n)', { n: 0 }],
    ['has(channel)', { channel: '' }],
    ['has(fraud)', { fraud: 0 }],
    ['has(merchant)', { 'merchant.country': 'CH' }],
    ['has(probe)', { probe: [{}] }],
    ['has(probe[1])', { probe: [{ at: 1 }, { at: 2 }] }],
    ['has(last(probe).merchant)', { probe: [{ 'merchant.id': 'a' }] }],
    ['has(tags[0])', { tags: ['a'] }],
    ['has(attributes.color)', { attributes: new Map([['color', 'red']]) }],
  ])('%s holds in %j', (text, world) => {
    expect(judged(text, world)).toBe(1)
  })
})

describe('money is exact', () => {
  test.each<[string, World, unknown]>([
    ['amount == 0.10 + 0.20', { amount: 30 }, 0], // a sum of literals is a double, 0.30000000000000004
    ['amount == 0.30', { amount: 30 }, 1],
    ['amount + fee == 0.30', { amount: 10, fee: 20 }, 1],
    ['amount > 2.5', { amount: 251 }, 1],
    ['amount > 2.5', { amount: 250 }, 0],
    ['2.5 <= amount', { amount: 250 }, 1],
    ['amount > n', { amount: 201, n: 2 }, 1],
    ['amount == n', { amount: 200, n: 2 }, 1],
    ['amount * n > 4 * spend_1h', { amount: 100, n: 4, spend_1h: 100 }, 0],
    ['amount * n > 4 * spend_1h', { amount: 101, n: 4, spend_1h: 101 }, 0],
    ['amount * n > 4 * spend_1h', { amount: 101, n: 4, spend_1h: 100 }, 1],
    ['amount - fee', { amount: 100, fee: 250 }, -150],
    ['-amount', { amount: 100 }, -100],
    ['amount * n', { amount: 33, n: 3 }, 99],
    // Anything else is a double in major units.
    ['amount * 2.5', { amount: 250 }, 6.25],
    ['amount + 1', { amount: 250 }, 3.5],
    ['amount / 4', { amount: 250 }, 0.625],
    ['amount > 4 * usual', { amount: 401, usual: 1 }, 1],
    ['amount > 4 * usual', { amount: 400, usual: 1 }, 0],
    // A quotient is rounded once.
    ['amount / fee == 3', { amount: 1230, fee: 410 }, 1],
    ['amount / n == 0.07', { amount: 77, n: 11 }, 1],
    ['amount / 10 == 1.23', { amount: 1230 }, 1],
    // Scales meet in the finer one.
    ['dinar == amount', { dinar: 2_500, amount: 250 }, 1],
    ['dinar > amount', { dinar: 2_501, amount: 250 }, 1],
    ['amount + dinar', { dinar: 1, amount: 250 }, 2_501],
    ['fraud ? amount : 1', { fraud: 0 }, 100],
    ['amount in [1, 2.50]', { amount: 250 }, 1],
    ['2.5 in amounts', { amounts: [100, 250] }, 1],
    ['inList("round-amounts", amount)', { amount: 10_000 }, 1],
    ['round(amount)', { amount: 250 }, 300],
    ['round(amount)', { amount: -250 }, -300],
    ['round(amount)', { amount: 249 }, 200],
    ['int(amount)', { amount: -299 }, -2],
    ['double(amount)', { amount: 299 }, 2.99],
    ['string(amount)', { amount: 205 }, '2.05'],
  ])('%s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toEqual(value)
  })

  test.each<[string, World, unknown]>([
    ['amount + fee', { amount: max, fee: 0 }, max],
    ['amount + fee', { amount: max, fee: 1 }, 'overflow'],
    ['amount + fee', { amount: max, fee: max }, 'overflow'],
    ['amount - fee', { amount: -max, fee: 1 }, 'overflow'],
    ['amount - fee', { amount: -max, fee: 0 }, -max],
    ['amount * n', { amount: max, n: -1 }, -max],
    ['amount * n', { amount: (max + 1) / 2, n: 2 }, 'overflow'],
    ['amount * n', { amount: 3_002_399_751_580_331, n: 3 }, 'overflow'],
    ['amount * n', { amount: 3_002_399_751_580_330, n: 3 }, 9_007_199_254_740_990],
    ['4 * spend_1h', { spend_1h: (max + 1) / 4 }, 'overflow'],
    // Comparisons of scales neither round nor fault.
    ['amount < n', { amount: max, n: max }, 1],
    ['amount == n', { amount: 9_007_199_254_740_900, n: 90_071_992_547_409 }, 1],
    ['amount > n', { amount: 9_007_199_254_740_901, n: 90_071_992_547_409 }, 1],
    ['amount >= n', { amount: max, n: 90_071_992_547_410 }, 0],
    ['amount == dinar', { amount: max, dinar: max }, 0],
    ['amount > dinar', { amount: max, dinar: max }, 1],
    ['amount > 90071992547409.90', { amount: max }, 1],
    ['amount == 90071992547409.91', { amount: max }, 1],
  ])('at the edge of 2^53, %s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toBe(value)
  })
})

describe('faults', () => {
  test.each<[string, World, string]>([
    ['n + 1', { n: max }, 'overflow'],
    ['n * n', { n: 94_906_267 }, 'overflow'],
    ['x * y', { x: 1e200, y: 1e200 }, 'overflow'],
    ['x + y', { x: 1.7e308, y: 1.7e308 }, 'overflow'],
    ['x - y', { x: -1.7e308, y: 1.7e308 }, 'overflow'],
    ['x / y', { x: 1e200, y: 1e-200 }, 'overflow'],
    ['x / y', { x: 1, y: 0 }, 'division-by-zero'],
    ['x / y', { x: 0, y: 0 }, 'division-by-zero'],
    ['x / y', { x: 1, y: -0 }, 'division-by-zero'],
    ['amount / fee', { amount: 1, fee: 0 }, 'division-by-zero'],
    ['amount / n', { amount: 1, n: 0 }, 'division-by-zero'],
    ['n % m', { n: 1, m: 0 }, 'division-by-zero'],
    ['at + wait', { at: 8.64e15, wait: 1 }, 'overflow'],
    ['int(x)', { x: 1e17 }, 'overflow'],
    ['int(channel)', { channel: '12a' }, 'bad-conversion'],
    ['double(channel)', { channel: '' }, 'bad-conversion'],
    ['double(channel)', { channel: 'Infinity' }, 'bad-conversion'],
    ['bool(channel)', { channel: 'yes' }, 'bad-conversion'],
    ['timestamp(channel)', { channel: '2026-03-01' }, 'bad-conversion'],
    ['timestamp(n)', { n: 1_772_366_400_000 }, 'bad-conversion'],
    ['duration(channel)', { channel: '1 hour' }, 'bad-conversion'],
  ])('%s in %j: %s', (text, world, reason) => {
    expect(judged(text, world)).toBe(reason)
  })

  it('do not come from what is not judged: && and || stop early, from left to right', () => {
    const world = { n: 1, m: 0, fraud: 1 }
    expect(judged('m != 0 && n % m == 0', world)).toBe(0)
    expect(judged('m == 0 || n % m == 0', world)).toBe(1)
    expect(judged('n % m == 0 && m != 0', world)).toBe('division-by-zero')
    expect(judged('n % m == 0 || m == 0', world)).toBe('division-by-zero')
    expect(judged('fraud ? 1 : n % m', world)).toBe(1)
    expect(judged('fraud && n == 1 && m == 1 && n % m == 0 && true', world)).toBe(0)
    expect(judged('m == 1 || n == 2 || n == 1 || n % m == 0 || false', world)).toBe(1)
  })
})

describe('int and double', () => {
  test.each<[string, World, unknown]>([
    ['n + x', { n: 1, x: 0.5 }, 1.5],
    ['n > x', { n: 1, x: 0.5 }, 1],
    ['n == x', { n: 1, x: 1 }, 1],
    ['double(n) / m', { n: 1, m: 4 }, 0.25],
    ['n / 2.0', { n: 1 }, 0.5],
    ['-7 % 3', {}, -1],
    ['n % 3', { n: -7 }, -1],
    ['0x1f + 1', {}, 32],
    ['n in [1, 2.5]', { n: 1 }, 1],
    ['n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]', { n: 10 }, 1],
    ['x in [1.0, 2.5]', { x: 2 }, 0],
    ['!fraud', { fraud: 0 }, 1],
    ['fraud == cardPresent', { fraud: 1, cardPresent: 1 }, 1],
    ['0.1 + 0.2', {}, 0.30000000000000004],
  ])('%s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toEqual(value)
  })
})

describe('texts and collections', () => {
  test.each<[string, World, unknown]>([
    ['channel == "pos"', { channel: 'pos' }, 1],
    ['channel != mcc', { channel: 'a', mcc: 'b' }, 1],
    ['channel < mcc', { channel: 'a', mcc: 'b' }, 1],
    // U+1F600 comes after U+FF5E by code point, before it by UTF-16 unit.
    ['channel < mcc', { channel: '～', mcc: '😀' }, 1],
    ['channel <= mcc', { channel: 'ab', mcc: 'a' }, 0],
    ['channel + "-" + mcc', { channel: 'a', mcc: 'b' }, 'a-b'],
    ['mcc in ["1", "2"]', { mcc: '2' }, 1],
    ['mcc in ["1", channel]', { mcc: '2', channel: '2' }, 1],
    ['"a" in tags', { tags: ['b', 'a'] }, 1],
    ['"a" in attributes', { attributes: new Map([['a', '1']]) }, 1],
    ['"__proto__" in attributes', { attributes: new Map() }, 0],
    ['attributes.constructor', { attributes: new Map() }, undefined],
    ['attributes["a"]', { attributes: new Map([['a', '1']]) }, '1'],
    ['tags[1]', { tags: ['a'] }, undefined],
    ['tags[n]', { tags: ['a'], n: -1 }, undefined],
    ['amounts[1] > 2', { amounts: [1, 201] }, 1],
    ['tags == ["a", "b"]', { tags: ['a', 'b'] }, 1],
    ['tags != ["a", "b"]', { tags: ['a'] }, 1],
    ['attributes == attributes', { attributes: new Map([['a', '1']]) }, 1],
    ['size(tags + ["c"])', { tags: ['a', 'b'] }, 3],
    ['tags.exists(t, t == "b")', { tags: ['a', 'b'] }, 1],
    ['tags.all(t, t != "b")', { tags: ['a', 'b'] }, 0],
    ['tags.all(t, false)', { tags: [] }, 1],
    ['tags.exists_one(t, t == "a")', { tags: ['a', 'a'] }, 0],
    ['tags.exists_one(t, t == "a")', { tags: ['a', 'b'] }, 1],
    ['amounts.exists(a, a > 2)', { amounts: [100, 201] }, 1],
    ['attributes.exists(k, k == "a")', { attributes: new Map([['a', '1']]) }, 1],
    ['tags.exists(t, tags.exists_one(u, u == t) && t != channel)', { tags: ['a', 'b', 'a'], channel: 'a' }, 1],
    ['tags.exists(t, t == "a" && fraud)', { tags: ['a'] }, 0],
    ['(fraud ? tags : ["x"])[0]', { fraud: 0, tags: ['a'] }, 'x'],
  ])('%s in %j is %s', (text, world, value) => {
    expect(judged(text, world)).toEqual(value)
  })
})

describe('times', () => {
  const at = Date.UTC(2026, 2, 1, 12)

  test.each<[string, World, string]>([
    ['at - opened', { at, opened: at - 5_400_000 }, '1h30m'],
    ['opened - at', { at, opened: at - 5_400_000 }, '-1h30m'],
    ['at + duration("1h30m")', { at }, '2026-03-01T13:30:00.000Z'],
    ['duration("7d") + at', { at }, '2026-03-08T12:00:00.000Z'],
    ['at - wait', { at, wait: 1 }, '2026-03-01T11:59:59.999Z'],
    ['wait * 3', { wait: 1_800_000 }, '1h30m'],
    ['wait + duration("30s")', { wait: 30_000 }, '1m'],
    ['timestamp("2026-03-01T13:00:00+01:00") == at', { at }, 'true'],
    ['timestamp(1772366400) == at', { at }, 'true'],
    ['int(at)', { at: at + 999 }, '1772366400'],
    ['hours(wait)', { wait: 5_400_000 }, '1.5'],
    ['abs(opened - at) > duration("1h")', { at, opened: at - 5_400_000 }, 'true'],
    ['at > probe.at', { at, probe: [{ at: at - 1 }] }, 'true'],
    ['strike.at - first(probe).at < duration("10m")', { probe: [{ at }], strike: [{ at: at + 599_999 }] }, 'true'],
  ])('%s in %j is %s', (text, world, value) => {
    expect(shown(text, world)).toBe(value)
  })
})

describe('steps', () => {
  const probe = [
    { amount: 100, 'location.lat': 47.3769, 'location.lon': 8.5417 },
    { amount: 150 },
    { amount: 99, 'location.lat': 46.948, 'location.lon': 7.4474 },
  ]

  test.each<[string, unknown]>([
    ['count(probe)', 3],
    ['sum(probe.amount)', 349],
    ['avg(probe.amount)', 349 / 300],
    ['min(probe.amount)', 99],
    ['max(probe.amount)', 150],
    ['probe[1].amount', 150],
    ['first(probe).amount', 100],
    ['last(probe).amount', 99],
    ['probe.amount', 99],
    ['amount > 100 && amount > 20 * avg(probe.amount)', 1],
    ['distanceKm(first(probe).location, last(probe).location) < 96', 1],
    ['distanceKm(probe[0].location, probe) > 1', undefined],
  ])('%s is %s', (text, value) => {
    if (value === undefined) return expect(() => judged(text)).toThrow('has no double')
    return expect(judged(text, { probe, amount: 25_000 })).toBe(value)
  })
})

describe('the caller', () => {
  it('has the first look at every node, in a chain at each part, but not inside a macro', () => {
    const seen: string[] = []
    const leaves = leavesOf({ n: 1, fraud: 1, tags: ['a'] })
    const e = checked('n == 1 && fraud && n > 5 && tags.exists(t, t == "a")')
    numberClosure(e, {
      ...leaves,
      override: (node) => {
        seen.push(node.op)
        return undefined
      },
    })
    expect(seen).toEqual(['and', 'and', 'and', '==', 'field', 'field', '>', 'field', 'exists'])
  })

  it('may take over a sub-tree, which is then not compiled', () => {
    const e = checked('n == 1 && fraud')
    const closure = numberClosure(e, {
      ...leavesOf({ fraud: 1 }),
      override: (node) => (node.op === '==' ? () => 1 : undefined),
    })
    expect(closure()).toBe(1)
  })
})
