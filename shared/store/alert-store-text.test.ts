import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeText, encodeText } from './alert-store-text.ts'

it('gives every string back, as text that PostgreSQL takes', () => {
  const units = fc.constantFrom('\0', '\u001b', '\ud83d', '\udcb3', '0', 'a', '\uffff', '"')
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: units }), fc.string({ unit: 'binary' })), (value) => {
      const text = encodeText(value)
      expect(decodeText(text)).toBe(value)
      expect(text.isWellFormed() && !text.includes('\0')).toBe(true)
    }),
  )
})

it('leaves JSON as it is', () => {
  const line = JSON.stringify({ text: 'a\0\u001b\ud800"\\💳' })
  expect(encodeText(line)).toBe(line)
})
