import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventIds } from './event-ids.ts'

const id = fc.oneof(
  fc.stringMatching(/^[a-c]{0,2}[0-9]{0,12}$/),
  fc.stringMatching(/^0{0,3}[0-9]{1,4}$/),
  fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
)

describe('ids as numbers', () => {
  it.each(['0', '1', '007', '1234567890', '12345678901234', 'tx-0001', 'tx-1', 't0', '999999999999999'])(
    'give %s back as it was',
    (text) => {
      const ids = new EventIds()
      expect(ids.text(ids.encode(text))).toBe(text)
    },
  )

  it.each(['a', 'tx-', '3f2a-77b0-c', 'a-prefix-of-seventeen-1', '', '１'])('leave "%s" to be kept as text', (text) => {
    expect(new EventIds().encode(text)).toBe(-1)
  })

  it('are equal for equal ids alone', () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 60 }), (texts) => {
        const ids = new EventIds()
        const numbers = texts.map((text) => ids.encode(text))
        texts.forEach((text, i) => {
          expect(ids.encode(text)).toBe(numbers[i])
          if (numbers[i] >= 0) expect(ids.text(numbers[i])).toBe(text)
        })
      }),
      { numRuns: Number(process.env['VIGIL_TEST_CASES'] ?? 200) },
    )
  })

  it('are given to so many prefixes, and no more', () => {
    const ids = new EventIds()
    const numbers = Array.from({ length: 5_000 }, (_, i) => ids.encode(`p${i}-1`))
    expect(numbers.filter((number) => number >= 0)).toHaveLength(4_095)
    expect(ids.text(ids.encode('p7-2'))).toBe('p7-2')
    expect(ids.encode('p4999-2')).toBe(-1)
    expect(numbers.every(Number.isSafeInteger)).toBe(true)
  })
})
