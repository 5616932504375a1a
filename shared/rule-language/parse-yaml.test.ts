import { describe, expect, test } from 'vitest'
import { findMistakes, ruleWith } from '../../tests/support/rule-sets.ts'

/** The mistakes of one rule file in which `«` marks their places. */
function mistakesOf(text: string): readonly string[] {
  const { found, marked, diagnostics } = findMistakes({ 'a.rule.yaml': text })
  expect(found, text).toEqual(marked)
  return diagnostics.map(({ code, hint }) => `${code}: ${hint}`)
}

describe('an expression that needs quotes', () => {
  const cases: readonly [written: string, hint: string][] = [
    ['!has(usual)', `'!has(usual)'`],
    ['!has(usual) && amount > 2', `'!has(usual) && amount > 2'`],
    ['"a" == channel', `'"a" == channel'`],
    ['["a", "b"].exists(x, x == channel)', `'["a", "b"].exists(x, x == channel)'`],
    ['amount > 5 ? channel == "a" : channel == "b"', `'amount > 5 ? channel == "a" : channel == "b"'`],
    ['channel == "a: b"', `'channel == "a: b"'`],
    [`channel == 'it: s'`, `'channel == ''it: s'''`],
  ]
  for (const [written, hint] of cases)
    test(`is shown with them: ${written}`, () => {
      expect(mistakesOf(ruleWith(`when: «${written}`))).toEqual([`needs-quotes: write when: ${hint}`])
    })

  test('is found where ` #` cuts it off, but a comment behind a whole expression is none', () => {
    expect(mistakesOf(ruleWith('when: «channel == "a #b"'))).toEqual([`needs-quotes: write 'channel == "a #b"'`])
    expect(mistakesOf(ruleWith('when: channel == "a" # b'))).toEqual([])
  })

  test('is found within braces, where a comma or a bracket ends it', () => {
    for (const where of [
      'tags.exists(t, t == "x")',
      'mcc in ["x", "y"]',
      'mcc == "a,b"',
      '!has(usual)',
      'amount > 1 ? true : false',
    ])
      expect(
        mistakesOf(ruleWith(`features:\n  n: { count: all, where: «${where}, over: 1h }\nwhen: n > 1`)).filter(
          (mistake) => mistake.startsWith('needs-quotes'),
        ),
        where,
      ).toEqual([`needs-quotes: write where: '${where}'`])
  })

  test('hides neither its own mistakes nor those that follow', () => {
    expect(mistakesOf(ruleWith('where: «!has(«usal)\nwhen: «"x" == «chanel\ncooldown: «5'))).toEqual([
      `needs-quotes: write where: '!has(usal)'`,
      'unknown-name: usual',
      `needs-quotes: write when: '"x" == chanel'`,
      'unknown-name: channel',
      'wrong-type: durations carry their unit: 5s or 5m',
    ])
  })

  test('is told from a list and a map that YAML reads without complaint', () => {
    expect(mistakesOf(ruleWith('when: «[1, 2]'))[0]).toContain(`write when: '[1, 2]'`)
    expect(mistakesOf(ruleWith('when: true\nmessage: «{amount}'))[0]).toContain(`write message: '{amount}'`)
  })

  test('may be prose, too', () => {
    expect(mistakesOf(ruleWith('title: «Testing: small, then large\nwhen: true'))).toEqual([
      `needs-quotes: write title: 'Testing: small, then large'`,
    ])
  })
})

describe('a quote that is not closed', () => {
  test('is found where it opens, and what follows is read', () => {
    expect(mistakesOf(ruleWith('when: «"amount > 1\nmessage: "x"\ncooldown: «5'))).toEqual([
      'yaml-syntax: close it: when: "amount > 1"',
      'wrong-type: durations carry their unit: 5s or 5m',
    ])
    expect(mistakesOf(ruleWith(`when: «'amount > 1`))).toEqual([`yaml-syntax: close it: when: 'amount > 1'`])
  })
})

describe('the place of a mistake', () => {
  const places: readonly [style: string, text: string][] = [
    ['plain text', 'when: amount > 1 && «chanel == "a"'],
    ['plain text over lines', 'when: amount > 1 &&\n  «chanel == "a" &&\n    «amuont > 2'],
    ['single quotes', `when: 'channel == "it''s" && «chanel == "b"'`],
    ['double quotes', 'when: "channel == \\"a\\" && \\u0061mount > 1 && «chanel == \\"b\\""'],
    ['a block', 'when: |\n  amount > 1 &&\n    «chanel == "a"'],
    ['a folded block', 'when: >-\n  amount > 1 &&\n\n  «chanel == "a"\n  && «amuont > 2'],
    ['braces', 'features: { n: { sum: «amuont, over: 1h, where: "«chanel == \\"a\\"" } }\nwhen: true'],
    ['characters beyond the basic plane', `when: 'channel == "émoji" && «chanel == "a"'`],
    ['a message', 'when: true\nmessage: "spent {amount} of {«amuont}"'],
    ['Windows line ends', 'when: amount > 1 &&\r\n  «chanel == "a"\r\n'],
  ]
  for (const [style, text] of places)
    test(`is exact in ${style}`, () => {
      expect(mistakesOf(ruleWith(text)).length).toBeGreaterThan(0)
    })

  test('counts characters, not code units', () => {
    const { diagnostics } = findMistakes({ 'a.rule.yaml': ruleWith(`when: 'channel == "😀" && chanel == "a"'`) })
    expect(diagnostics.map(({ column }) => column)).toEqual([26])
  })

  test('does not count a byte order mark', () => {
    const { diagnostics } = findMistakes({ 'a.rule.yaml': '\uFEFFrul: a\nwhen: true\nscore: 1\nseverity: low\n' })
    expect(diagnostics).toMatchObject([{ line: 1, column: 1, hint: 'did you mean "rule"?' }])
  })
})

describe('hostile YAML', () => {
  const codesOf = (text: string): Set<string> =>
    new Set(findMistakes({ 'a.rule.yaml': text }).diagnostics.map(({ code }) => code))

  test('grows by no alias', () => {
    const lines = ['a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]']
    for (let i = 1; i < 9; i++) lines.push(`k${i}: &k${i} [*a, *a, *a, *a, *a, *a, *a, *a, *a]`)
    expect(codesOf(lines.join('\n'))).toContain('yaml-alias')
  })

  test('is refused for tags, merge keys, second documents and keys that are no text', () => {
    expect(codesOf(ruleWith('when: true\ncooldown: !!str 1h'))).toContain('yaml-tag')
    expect(codesOf(ruleWith('when: true\n<<: { score: 1 }'))).toEqual(new Set(['unknown-key']))
    expect(codesOf(`${ruleWith('when: true')}---\n${ruleWith('when: true')}`)).toEqual(new Set(['yaml-syntax']))
    expect(codesOf('[1]: 2')).toEqual(new Set(['yaml-syntax']))
  })

  test('is refused for keys that stand twice, and for tabs, with the rest read', () => {
    expect(mistakesOf(ruleWith('when: true\n«when: false\ncooldown: «5'))).toEqual([
      'duplicate-key: keep one of the two',
      'wrong-type: durations carry their unit: 5s or 5m',
    ])
    expect(mistakesOf(ruleWith('when: «chanel == "a"\n«\tcooldown: 1h'))[1]).toBe('yaml-syntax: indent with spaces')
  })

  test('does not exhaust the stack', () => {
    for (const text of [
      '['.repeat(8_000),
      '{a: '.repeat(8_000),
      '- '.repeat(8_000),
      '? '.repeat(8_000),
      'a: '.repeat(8_000),
    ])
      expect(codesOf(text)).toEqual(new Set(['too-deep']))
  })

  test('takes no longer than its size deserves', () => {
    const keys = Array.from({ length: 12_000 }, (_, i) => `k${i}: 1\n`).join('')
    expect(codesOf(keys)).toContain('too-many-problems')
    expect(codesOf('when: "a" b\n'.repeat(2_000))).toContain('needs-quotes')
    expect(codesOf(' '.repeat(1_048_577))).toEqual(new Set(['too-large']))
  })

  test('is refused if it is empty, or no map', () => {
    for (const text of ['', '# nothing\n', '---\n', '~']) expect(codesOf(text), text).toEqual(new Set(['empty-file']))
    for (const text of ['42', '- a', 'text']) expect(codesOf(text)).toEqual(new Set(['wrong-type']))
    expect(codesOf('\0')).toEqual(new Set(['wrong-type']))
  })

  test('never throws', () => {
    let seed = 1
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed % below
    }
    const pieces = [
      'when: ',
      '"',
      "'",
      '{',
      '}',
      '[',
      ']',
      ': ',
      ' #',
      '\n',
      '\n  ',
      '- ',
      '&a ',
      '*a',
      '!t ',
      '|\n',
      '? ',
      'amount',
      ' > 1',
      ',',
      '\t',
      '%',
      '---',
    ]
    for (let i = 0; i < 600; i++) {
      const text = Array.from({ length: random(14) }, () => pieces[random(pieces.length)]).join('')
      expect(() => findMistakes({ 'a.rule.yaml': ruleWith(text) }), text).not.toThrow()
    }
  })
})
