import { describe, expect, it } from 'vitest'
import { limits } from '#shared/domain/limits'
import type { ByteSource } from './byte-source.ts'
import { ChunkSource } from './byte-source.ts'
import { inputLimits } from './input-limits.ts'
import { LineReader, tooLarge } from './line-reader.ts'

async function* inChunks(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length])
    yield bytes.subarray(at, at + sizes[i % sizes.length])
}

/** The lines; `null` in place of one that is too large. */
async function lines(source: ByteSource, isQuoted = false): Promise<(string | null)[]> {
  const reader = new LineReader(source, { bufferBytes: 0, isQuoted })
  const found: (string | null)[] = []
  for (let block = await reader.next(); block !== undefined; block = await reader.next())
    for (let i = 0; i < block.length; i++)
      found.push(block.ends[i] === tooLarge ? null : block.bytes.toString('latin1', block.starts[i], block.ends[i]))
  expect(await reader.next()).toBeUndefined()
  return found
}

const linesOf = (text: string, ...sizes: readonly number[]) =>
  lines(new ChunkSource(inChunks(Buffer.from(text, 'latin1'), ...sizes)))

const mark = '\xef\xbb\xbf'

describe('LineReader', () => {
  it.each([
    ['nothing', '', []],
    ['only a mark', mark, []],
    ['only line ends', '\n\r\n\n', []],
    ['a last line without an end', 'a\nb', ['a', 'b']],
    ['CRLF', 'a\r\n\r\nb\r\n', ['a', 'b']],
    ['a lone CR, which ends nothing', 'a\rb\n', ['a\rb']],
    ['a mark at the start', `${mark}a\nb\n`, ['a', 'b']],
    ['a mark elsewhere', `a\n${mark}b\n`, ['a', `${mark}b`]],
    ['half a mark', '\xef\xbb', ['\xef\xbb']],
    ['a space, which is a line', ' \n', [' ']],
  ])('splits %s, wherever reads end', async (_, text, expected) => {
    for (let size = 1; size <= text.length + 1; size++) expect(await linesOf(text, size)).toEqual(expected)
  })

  it.each([0, 1, 2, 3, 70_000, 200_000])('drops a line of %i bytes above the bound and goes on', async (more) => {
    const long = 'x'.repeat(limits.rowBytesMax + more)
    const expected = ['a', more === 0 ? long : null, 'b', more === 0 ? long : null]
    for (const end of ['\n', '\r\n'])
      for (const size of [7, 4096, 65_536, 1 << 20])
        expect(await linesOf(`a${end}${long}${end}b${end}${long}`, size)).toEqual(expected)
  })

  it('reads a line of 1 GB in the memory of one buffer', async () => {
    const chunk = new Uint8Array(1 << 20).fill(0x78)
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 1024; i++) yield chunk
      yield Buffer.from('\nb')
    }
    const before = process.memoryUsage().rss
    expect(await lines(new ChunkSource(endless()))).toEqual([null, 'b'])
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
  })
})

describe('LineReader of CSV', () => {
  const csvLines = (text: string, ...sizes: readonly number[]) =>
    lines(new ChunkSource(inChunks(Buffer.from(text, 'latin1'), ...sizes)), true)

  it.each([
    ['a line feed between quotes', 'a,"b\nc"\nd\n', ['a,"b\nc"', 'd']],
    ['doubled quotes', '"a""\n"",""b"\n"c"""\nd', ['"a""\n"",""b"', '"c"""', 'd']],
    ['a quote within a field', 'a"b\nc,d"\ne', ['a"b', 'c,d"', 'e']],
    ['an empty field in quotes', '"",""\n""\n', ['"",""', '""']],
    ['a quote after a mark', `${mark}"a\nb"\nc`, ['"a\nb"', 'c']],
    ['CRLF', '"a\r\nb"\r\nc\r\n', ['"a\r\nb"', 'c']],
    ['a quote that is never closed in its line', 'a\n"b\nc\n', ['a', '"b', 'c']],
    ['a quote behind a closing one', '"a" "b\nc\n', ['"a" "b', 'c']],
  ])('keeps %s, wherever reads end', async (_, text, expected) => {
    for (let size = 1; size <= text.length + 3; size++) expect(await csvLines(text, size)).toEqual(expected)
  })

  it('drops a quoted line above the bound of a row as one', async () => {
    const row = `"${'x\n""\n'.repeat(40_000)}",b`
    for (const size of [4093, 4096, 65_536, 1 << 20])
      expect(await csvLines(`a\n${row}\nc\n${row}`, size)).toEqual(['a', null, 'c', null])
  })

  it('takes a quote for a slip that reaches too far, wherever reads end', async () => {
    const behind = ['c,"d\ne"', 'f'.repeat(100)]
    const bound = inputLimits.openQuoteBytesMax
    for (const length of [bound - 2, bound - 1, bound, bound + 1, 2_000_001])
      for (const size of [4093, 65_536, 1 << 20]) {
        const cell = `${'x'.repeat(9)}\n`.repeat(length / 10) + 'x'.repeat(length % 10)
        const found = await csvLines(`a\n"${cell}"\n${behind.join('\n')}`, size)
        const isWhole = length + 1 <= bound
        expect(found.slice(0, 2)).toEqual(['a', isWhole ? null : '"xxxxxxxxx'])
        expect(found.slice(-2)).toEqual(behind)
      }
  })
})
