import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseUuid, uuidText } from './uuid.ts'

const words = new Uint32Array(4)
const textOf = (): string => uuidText(words[0], words[1], words[2], words[3])

describe('UUIDs as words', () => {
  test('come back to the letter', () => {
    fc.assert(
      fc.property(fc.uuid(), (text) => {
        expect(parseUuid(text, words)).toBe(true)
        expect(textOf()).toBe(text)
      }),
    )
  })

  test('hold all digits in their order', () => {
    expect(parseUuid('01234567-89ab-cdef-fedc-ba9876543210', words)).toBe(true)
    expect([...words]).toEqual([0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210])
  })

  test.each([
    '01234567-89AB-cdef-fedc-ba9876543210',
    '01234567-89ab-cdef-fedc-ba987654321',
    '01234567-89ab-cdef-fedc-ba98765432100',
    '0123456-789ab-cdef-fedc-ba9876543210',
    '01234567089ab-cdef-fedc-ba9876543210',
    '01234567-89ab-cdef-fedc-ba987654321g',
    '{1234567-89ab-cdef-fedc-ba987654321}',
    '',
  ])('are not made of "%s", which would come back otherwise', (text) => {
    expect(parseUuid(text, words)).toBe(false)
  })
})
