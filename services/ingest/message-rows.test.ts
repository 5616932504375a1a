import { describe, expect, it } from 'vitest'
import { ingestLimits } from './ingest-limits.ts'
import { rowsOfMessage } from './message-rows.ts'

/** The texts of the rows; a row that is known to be broken begins with !. */
const rows = (text: string): string[] => {
  const bytes = Buffer.from(text)
  return [...rowsOfMessage(bytes)].map(
    ({ start, end, problem }) => `${problem === undefined ? '' : '!'}${bytes.toString('utf8', start, end)}`,
  )
}

describe('the rows of a message', () => {
  it.each([
    ['one event', '{"id":1}', ['{"id":1}']],
    ['one event with space around it, and a byte order mark', '\ufeff \r\n{"id":1}\r\n', ['{"id":1}']],
    ['one event over several lines', '{\n  "id": 1\n}\n', ['{\n  "id": 1\n}']],
    ['an array', '[{"id":1}, {"id":2}]', ['{"id":1}', '{"id":2}']],
    ['an array over several lines', '[\n{"id":1},\n{"id":2}\n]', ['{"id":1}', '{"id":2}']],
    ['NDJSON', '{"id":1}\n{"id":2}\r\n\n{"id":3}', ['{"id":1}', '{"id":2}', '{"id":3}']],
    [
      'NDJSON with a broken line, first, last or between',
      '{"id":\n{"id":2}\nx\n{"id":4}\n{',
      ['{"id":', '{"id":2}', 'x', '{"id":4}', '{'],
    ],
    ['one event that is broken', '{\n  "id": 1,\n  "of": {"a": 1}\n', ['{\n  "id": 1,\n  "of": {"a": 1}']],
    ['nothing', ' \n', []],
    ['an empty array', '[ ]', []],
    ['what is no JSON', 'id=1', ['id=1']],
    ['an array that is cut off behind an element', '[{"id":1},{"id":2}', ['{"id":1}', '{"id":2}']],
    ['an array that is cut off within an element', '[{"id":1},{"id', ['{"id":1}', '{"id']],
    ['an array that is cut off behind a comma', '[{"id":1},', ['{"id":1}', '!,']],
    ['an array that is cut off at once', '[', ['![']],
    ['an array without a comma', '[{"id":1} {"id":2}]', ['{"id":1}', '!{"id":2}]']],
    ['an array with more behind it', '[{"id":1}] {"id":2}', ['{"id":1}', '!] {"id":2}']],
    ['an array with a hole', '[{"id":1},,{"id":3}]', ['{"id":1}', '!,{"id":3}]']],
    ['elements that are no events', '[1,"a,b",null]', ['1', '"a,b"', 'null']],
  ])('are told for %s', (_, text, expected) => {
    expect(rows(text)).toEqual(expected)
  })

  it.each([
    ['an array', '[', ',', ']'],
    ['NDJSON', '', '\n', ''],
  ])(
    'are as many as one message may have in %s, and the rest is one that holds no event',
    (_, open, between, close) => {
      const most = ingestLimits.messageRowsMax
      const text = (count: number): string => `${open}${Array(count).fill('{}').join(between)}${close}`
      expect(rows(text(most))).toEqual(Array(most).fill('{}'))
      expect(rows(text(most + 1)).slice(most - 1)).toEqual(['{}', `!{}${close}`])
      expect(rows(text(most + 3)).slice(most - 1)).toEqual(['{}', `!${['{}', '{}', '{}'].join(between)}${close}`])
    },
  )

  it('are found in any bytes, and lie within them', () => {
    for (let seed = 1; seed < 2_000; seed++) {
      const bytes = Buffer.from(
        Array.from({ length: seed % 40 }, (_, i) => '[]{},"\\\n :1x\ufeff'.charCodeAt((seed * (i + 7) * 31) % 14)),
      )
      let end = 0
      for (const row of rowsOfMessage(bytes)) {
        expect(row.start).toBeGreaterThanOrEqual(end)
        expect(row.end).toBeGreaterThan(row.start)
        end = row.end
      }
      expect(end).toBeLessThanOrEqual(bytes.length)
    }
  })
})
