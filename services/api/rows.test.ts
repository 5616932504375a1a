import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apiLimits } from './api-limits.ts'
import { splitJson, splitLines, wholeJson } from './rows.ts'

const mark = '\ufeff'

function texts(split: ReturnType<typeof splitJson>): readonly string[] | string {
  if (split.kind !== 'rows') return split.kind
  const { bytes, length, starts, ends } = split.rows
  return Array.from({ length }, (_, i) => bytes.toString('utf8', starts[i], ends[i]))
}

describe('splitJson', () => {
  it.each([
    ['an object', '{"a":1}', ['{"a":1}']],
    ['white space around it', ' \r\n{"a":1}\t\n', ['{"a":1}']],
    ['a byte order mark', `${mark}[1]`, ['1']],
    ['an array', '[{"a":[1,2]}, {"b":{}}\n,[]]', ['{"a":[1,2]}', '{"b":{}}', '[]']],
    ['an empty array', ' [ ] ', []],
    ['scalars', '[1, true,null ,"a"]', ['1', 'true', 'null', '"a"']],
    [
      'brackets, quotes and commas in strings',
      '[{"a":"]},{\\"\\\\"},"\\\\",",]"]',
      ['{"a":"]},{\\"\\\\"}', '"\\\\"', '",]"'],
    ],
    ['numbers as they stand', '[{"a":1.10e+400},0.30]', ['{"a":1.10e+400}', '0.30']],
    ['a scalar', '5', ['5']],
    ['what is left to the codec', '{"a":tru', ['{"a":tru']],
  ])('finds %s', (_, body, expected) => {
    expect(texts(splitJson(Buffer.from(body)))).toEqual(expected)
  })

  it.each([
    '',
    ' ',
    mark,
    '[',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1]]',
    '[1] 2',
    '[]x',
    '[{}',
    '["',
    '["\\"]',
    ']',
    '[}',
  ])('does not take %j for rows that are JSON', (body) => {
    const rows = texts(splitJson(Buffer.from(body)))
    if (typeof rows === 'string') expect(rows).toBe('not-json')
    else expect(() => rows.map((row) => JSON.parse(row))).toThrow()
  })

  it('gives the elements of every array as they were written, and makes no JSON of what is none', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '\\', '[', ']', '{', '}', ',', ' ', 'é'))
      .map(([text, at, wrong]) => {
        const place = at % (text.length + 1)
        return `[${text.slice(0, place)}${wrong}${text.slice(place + 1)}]`
      })
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), broken), (body) => {
        const rows = texts(splitJson(Buffer.from(body)))
        const parsed = parse(body)
        if (parsed === undefined)
          expect(typeof rows === 'string' || rows.some((row) => parse(row) === undefined)).toBe(true)
        else expect((rows as string[]).map((row) => JSON.parse(row))).toEqual([parsed.value].flat(1))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes as many events as one request may have, and not one more', () => {
    const body = (n: number) => Buffer.from(`[${Array(n).fill('{}').join()}]`)
    expect(texts(splitJson(body(apiLimits.eventsPerRequestMax)))).toHaveLength(apiLimits.eventsPerRequestMax)
    expect(texts(splitJson(body(apiLimits.eventsPerRequestMax + 1)))).toBe('too-many')
    expect(texts(splitLines(Buffer.from('1\n'.repeat(apiLimits.eventsPerRequestMax + 1))))).toBe('too-many')
  })
})

describe('wholeJson', () => {
  it('takes an array for one value', () => {
    expect(texts(wholeJson(Buffer.from(' [1, 2] ')))).toEqual(['[1, 2]'])
    expect(texts(wholeJson(Buffer.from('\n')))).toBe('not-json')
  })
})

describe('splitLines', () => {
  it.each([
    ['nothing', '', []],
    ['a mark', mark, []],
    ['lines, empty ones and CRLF', '\n{"a":1}\r\n\r\n\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['a last line without an end', `${mark}1\n2`, ['1', '2']],
    ['a space, which is a line', ' \n', [' ']],
    ['a CR, which ends nothing', '1\r2\n\r', ['1\r2']],
  ])('finds %s', (_, body, expected) => {
    expect(texts(splitLines(Buffer.from(body)))).toEqual(expected)
  })
})

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
