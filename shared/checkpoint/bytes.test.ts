import { assert as check, double, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from './bytes.ts'

const written = (write: (writer: ByteWriter) => void): { bytes: Uint8Array; reader: ByteReader } => {
  const writer = new ByteWriter()
  write(writer)
  return { bytes: writer.bytes.slice(0, writer.length), reader: new ByteReader(writer.bytes, 0, writer.length) }
}

describe('numbers as bytes', () => {
  it('come back as they were, down to the sign of zero', () => {
    check(
      property(double(), (value) => {
        const { reader } = written((writer) => writer.number(value))
        expect(reader.number()).toBe(value)
        reader.end()
      }),
    )
    for (const value of [0, -0, 1, -1, 2 ** 51, -(2 ** 51), 2 ** 51 + 1, 2 ** 53, Infinity, -Infinity, NaN, 0.1, 1230])
      expect(written((writer) => writer.number(value)).reader.number()).toBe(value)
  })

  it('are short when they are whole and small', () => {
    const lengthOf = (value: number): number => written((writer) => writer.number(value)).bytes.length
    expect([Number.NaN, 0, 62, -63, 63, 8_000, -8_000, 1e6, 0.5].map(lengthOf)).toEqual([1, 1, 1, 1, 2, 2, 2, 3, 9])
  })

  it('are one for every NaN', () => {
    const [negative] = new Float64Array(new Uint32Array([1, 0xfff80000]).buffer)
    const bytes = (value: number): Uint8Array => written((writer) => writer.double(value)).bytes
    expect(bytes(negative)).toEqual(bytes(Number.NaN))
  })

  it.each([0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])('%i is read as a count', (value) => {
    expect(written((writer) => writer.uint(value)).reader.uint()).toBe(value)
  })

  it('are refused beyond 2^53', () => {
    const reader = new ByteReader(new Uint8Array(9).fill(255), 0, 9)
    expect(() => reader.uint()).toThrow('a number beyond 2^53')
  })
})

describe('texts as bytes', () => {
  it('come back as they were, lone surrogates too', () => {
    check(
      property(string({ unit: 'binary' }), (text) => {
        expect(written((writer) => writer.text(text)).reader.text()).toBe(text)
      }),
    )
    for (const text of ['', 'żółw', '\ud800', 'x'.repeat(5_000)])
      expect(written((writer) => writer.text(text)).reader.text()).toBe(text)
  })

  it('take a byte a unit where they can', () => {
    expect(written((writer) => writer.text('café')).bytes).toHaveLength(5)
    expect(written((writer) => writer.text('żółw')).bytes).toHaveLength(9)
  })
})

it('a count of things is refused where the bytes cannot hold them', () => {
  const { reader } = written((writer) => writer.uint(1_000_000_000))
  expect(() => reader.list(1, () => reader.byte())).toThrow('the bytes end too early')
})
