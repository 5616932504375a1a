import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonMistake } from './json-mistake.ts'

it.each([
  ['', 'expected a value at character 1, found the end of the row'],
  ['{', 'expected a name in double quotes at character 2, found the end of the row'],
  ['{"a" 1}', 'expected a colon at character 6, found "1"'],
  ['{"a":NaN}', 'expected a value at character 6, found "N"'],
  ['{"a":1,}', 'expected a name in double quotes at character 8, found "}"'],
  ['[1,]', 'expected a value at character 4, found "]"'],
  ['[1 2]', 'expected a comma or "]" at character 4, found "2"'],
  ['{"a":01}', 'expected a comma or "}" at character 7, found "1"'],
  ['{"a":"x\ty"}', String.raw`expected a closing quote or an escape at character 8, found "\t"`],
  [String.raw`{"a":"\x"}`, String.raw`expected one of "\/bfnrtu after a backslash at character 8, found "x"`],
  [String.raw`"\u12G4"`, 'expected a hexadecimal digit at character 6, found "G"'],
  ['"abc', 'expected a closing quote or an escape at character 5, found the end of the row'],
  ['{} {}', 'expected the end of the row at character 4, found "{"'],
  ['\ufeff{}', 'expected a value at character 1, found "\ufeff"'],
  ["{'a':1}", `expected a name in double quotes at character 2, found "'"`],
  ['['.repeat(60_000), 'expected a value at character 60001, found the end of the row'],
])('%.20j', (text, expected) => {
  expect(jsonMistake(text)).toBe(expected)
})

it('finds a mistake wherever JSON.parse does, and goes as far as the text is JSON', () => {
  const broken = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '\\', 'x', '1', ':', ' '), fc.nat(2))
    .map(([json, seed, insert, cut]) => {
      const at = seed % (json.length + 1)
      return json.slice(0, at) + insert + json.slice(at + cut)
    })
  fc.assert(
    fc.property(broken, (text) => {
      try {
        JSON.parse(text)
      } catch {
        const at = Number(/at character (\d+)/.exec(jsonMistake(text))?.[1])
        expect(at).toBeLessThanOrEqual(text.length + 1)
        expect(jsonMistake(text)).not.toContain(`expected the end of the row at character ${text.length + 1}`)
      }
    }),
    { numRuns: 5_000, seed: 1 },
  )
})
