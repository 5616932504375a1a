import { describe, expect, test } from 'vitest'
import { type ScalarStyle, scalarOffsets } from './scalar-offsets.ts'

/** What stands in the source at the place of each character of the value. */
function charactersAt(source: string, value: string, style: ScalarStyle): string {
  const offsets = scalarOffsets(source, value, style)
  return [...value].map((_, i) => source[offsets[i]]).join('')
}

describe('scalarOffsets', () => {
  test('counts plain text one to one, and skips indentation where lines are folded', () => {
    expect(charactersAt('a > 1', 'a > 1', 'plain')).toBe('a > 1')
    expect(charactersAt('a &&\n     b', 'a && b', 'plain')).toBe('a &&\nb')
  })

  test('starts behind the quote', () => {
    expect(scalarOffsets(`'ab'`, 'ab', 'single-quoted')).toEqual(Int32Array.of(1, 2, 3))
  })

  test('takes a doubled quote for one', () => {
    expect(scalarOffsets(`'a''b'`, `a'b`, 'single-quoted')).toEqual(Int32Array.of(1, 2, 4, 5))
  })

  test('takes an escape for what it produces', () => {
    expect(scalarOffsets('"a\\"b"', 'a"b', 'double-quoted')).toEqual(Int32Array.of(1, 2, 4, 5))
    expect(scalarOffsets('"\\u0061b"', 'ab', 'double-quoted')).toEqual(Int32Array.of(1, 7, 8))
    expect(scalarOffsets('"\\x61b"', 'ab', 'double-quoted')).toEqual(Int32Array.of(1, 5, 6))
    expect(scalarOffsets('"\\U0001F600b"', '😀b', 'double-quoted')).toEqual(Int32Array.of(1, 1, 11, 12))
    expect(scalarOffsets('"a\\\n   b"', 'ab', 'double-quoted')).toEqual(Int32Array.of(1, 7, 8))
  })

  test('skips header and indentation of a block', () => {
    expect(charactersAt('|\n  a\n    b\n', 'a\n  b\n', 'block')).toBe('a\n  b\n')
    expect(charactersAt('>- # why\r\n  a\r\n  b', 'a b', 'block')).toBe('a\rb')
  })

  test('ends within the source, whatever it is given', () => {
    expect(scalarOffsets('', 'abc', 'plain').every((offset) => offset === 0)).toBe(true)
    expect(scalarOffsets('|', 'abc', 'block').every((offset) => offset <= 1)).toBe(true)
  })
})
