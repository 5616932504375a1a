import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bodyMistake } from './body-mistake.ts'

const mistakeIn = (text: string) => {
  const mistake = bodyMistake(Buffer.from(text))
  return mistake && `${mistake.line}:${mistake.column} ${mistake.message}`
}

describe('bodyMistake', () => {
  it.each([
    ['', '1:1 expected a value, found the end of the body'],
    ['\ufeff\n x', '2:2 expected a value, found "x"'],
    ['x\n', '1:1 expected a value, found "x"'],
    ['[{"a":1},\r\n {"b" 2}]', '2:7 expected a colon, found "2"'],
    ['["äö€😀" 1]', '1:9 expected a comma or "]", found "1"'],
    ['{"a":1,}', '1:8 expected a name in double quotes, found "}"'],
    ['[1,]', '1:4 expected a value, found "]"'],
    ['{"a":[1}', '1:8 expected a comma or "]", found "}"'],
    ['["a\n"]', '1:4 expected a closing quote or an escape, found "\\n"'],
    ['["\\x"]', '1:4 expected one of "\\/bfnrtu after a backslash, found "x"'],
    ['["\\u12g4"]', '1:7 expected a hexadecimal digit, found "g"'],
    ['[01]', '1:3 expected a comma or "]", found "1"'],
    ['[-]', '1:3 expected a digit, found "]"'],
    ['[1.]', '1:4 expected a digit, found "]"'],
    ['[1e+]', '1:5 expected a digit, found "]"'],
    ['[nul]', '1:2 expected a value, found "n"'],
    ['{} é', '1:4 expected the end of the body, found "é"'],
  ])('finds the place in %j', (text, expected) => {
    expect(mistakeIn(text)).toBe(expected)
  })

  it('finds a mistake where JSON.parse does, and none elsewhere', () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\ \n\t019.-+eEtrufalsn'.split(''),
      'true',
      'null',
      '"a"',
      '\\u00e9',
      '1.5e3',
    )
    const text = fc.oneof(
      fc.json(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc.tuple(fc.json(), fc.nat(), piece).map(([json, at, wrong]) => {
        const place = at % (json.length + 1)
        return json.slice(0, place) + wrong + json.slice(place + 1)
      }),
    )
    fc.assert(
      fc.property(text, (text) => {
        let isJson = true
        try {
          JSON.parse(text)
        } catch {
          isJson = false
        }
        expect(mistakeIn(text) === undefined).toBe(isJson)
      }),
      { numRuns: 5_000 },
    )
  })

  it('does not mind how deep a body nests', () => {
    expect(mistakeIn('['.repeat(200_000) + ']'.repeat(200_000))).toBeUndefined()
    expect(mistakeIn('['.repeat(200_000))).toBe('1:200001 expected a value, found the end of the body')
  })
})
