import { describe, expect, it } from 'vitest'
import { bankRules } from '../../tests/support/bank.ts'
import { checkCosts } from './check-costs.ts'
import { costOf } from './rule-cost.ts'

/** What is said of a rule: `line:column severity code`, with the hint below. */
const said = (lines: string): string[] =>
  checkCosts(costOf(bankRules({ rule: lines }))).map(
    ({ line, column, severity, code, hint }) => `${line}:${column} ${severity} ${code}: ${hint}`,
  )

const pattern = (loop: string, strike: string, rest: string): string =>
  `pattern:
  - begin: probe
    where: amount < 5
    ${loop}
  - ${strike}: strike
    where: amount > 100
${rest}`

describe('what a rule may cost for an event', () => {
  it('is refused where a list is gone through for each element of a list, and not where it is compared with constants', () => {
    expect(said('when: tags.exists(t, tags.exists(u, t == u && t != "x"))')).toEqual([
      '4:7 error too-costly: it goes through a list for each element of a list: compare the elements with constants, as in tags.exists(t, t in ["a", "b"])',
    ])
    expect(said('when: tags.exists(t, t in ["a", "b"])')).toEqual([])
  })

  it('is refused where each element of a list is asked too much, wherever it stands', () => {
    const many = Array.from({ length: 70 }, (_, i) => `t == "${i}"`)
    const codes = many.map((text) => text.slice(5))
    expect(
      said(`features:\n  n: { count: all, over: 1h, where: 'tags.exists(t, ${many.join(' || ')})' }\nwhen: n > 3`),
    ).toEqual([
      '5:3 error too-costly: it asks much of each element of a list: write x in ["a", "b"] in place of x == "a" || x == "b"',
    ])
    expect(
      said(`features:\n  n: { count: all, over: 1h, where: 'tags.exists(t, t in [${codes.join()}])' }\nwhen: n > 3`),
    ).toEqual([])
  })
})

describe('what a rule may keep for an account', () => {
  it('is refused above the bound, and half as much is not', () => {
    const shops = (count: number): string =>
      `features:\n${Array.from({ length: count }, (_, i) => `  f${i}: { last: lower(merchant.id) + "${i}", over: 30d }\n`).join('')}when: f0 != f1`
    expect(said(shops(30))).toEqual([
      '5:3 error too-much-memory: leave out features, or split the rule into several of one scenario',
    ])
    expect(said(shops(15))).toEqual([])
  })

  it('is refused at the message that names too much', () => {
    const telling = (parts: number): string =>
      `features: { n: { count: all, over: 30d } }\nwhen: n > 3\nmessage: "${Array.from({ length: parts }, (_, i) => `{tags[${i}]}`).join(' ')}"`
    expect(said(telling(30))).toEqual([
      '6:10 error too-much-memory: name fewer fields in the message: a text is kept in 72 bytes of each event, a number in 8',
    ])
    expect(said(telling(5))).toEqual([])
  })
})

describe('runs that multiply', () => {
  it('are warned of at the step that makes them, and the hint ends it', () => {
    const open = pattern('times: 1+\n    inner: any', 'followedByAny', 'within: 10m\nskip: past-last')
    expect(said(open)).toEqual(['7:12 warning runs-multiply: leave out "inner: any", or give "times" an upper end'])
    expect(said(open.replace('    inner: any\n', ''))).toEqual([])
    expect(said(open.replace('1+', '1..3'))).toEqual([])
  })

  it('are no concern where the pattern has a loop and a match skips the rest', () => {
    expect(said(pattern('times: 3+', 'followedBy', 'within: 10m\nskip: past-last'))).toEqual([])
  })
})

describe('a loop of which all matches are told', () => {
  it('is warned of, and skip: past-last ends it', () => {
    const all = pattern('times: 3+', 'followedBy', 'within: 10m')
    expect(said(all)).toEqual(['7:12 warning many-matches: add skip: past-last, and one event raises one alert'])
    expect(said(`${all}\nskip: past-last`)).toEqual([])
  })
})

describe('a pattern without a window', () => {
  it('is warned of, and within ends it', () => {
    const endless = pattern('times: 2', 'followedBy', 'skip: past-last')
    expect(said(endless)).toEqual(['5:3 warning endless-runs: add within: 1h, or as long as the fraud takes'])
    expect(said(`${endless}\nwithin: 1h`)).toEqual([])
  })

  it('of one event is no concern', () => {
    expect(said('pattern:\n  - begin: large\n    where: amount > 100')).toEqual([])
  })
})
