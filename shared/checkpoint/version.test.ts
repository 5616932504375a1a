import { describe, expect, it } from 'vitest'
import { ByteWriter } from './bytes.ts'
import { checksum32 } from './checksum.ts'
import { upcasters } from './upcasters.ts'
import { beginState, endState, fingerprintWords, openState, stateVersion } from './version.ts'

const fingerprint = '00ff00ff12345678'

function stateWith(text: string): Uint8Array {
  const writer = new ByteWriter()
  beginState(writer, 'actor', fingerprintWords(fingerprint))
  writer.text(text)
  return endState(writer)
}

describe('a state of an older version', () => {
  const doubled = (content: Uint8Array): Uint8Array => {
    const writer = new ByteWriter()
    writer.bytes.set(content)
    writer.length = content.length
    writer.text('and more')
    return writer.bytes.subarray(0, writer.length)
  }

  it('goes through every upcaster from its version to the present one', () => {
    const through = new Map([
      [1, (_: string, content: Uint8Array) => doubled(content)],
      [2, (_: string, content: Uint8Array) => doubled(content)],
    ])
    const reader = openState(stateWith('old'), 'actor', fingerprint, through, 3)
    expect([reader.text(), reader.text(), reader.text()]).toEqual(['old', 'and more', 'and more'])
    reader.end()
  })

  it('is refused where an upcaster is missing', () => {
    expect(() => openState(stateWith('old'), 'actor', fingerprint, new Map(), 2)).toThrow(
      'nothing here reads version 1 of the bytes; start the release that wrote it, or a newer one',
    )
  })

  it('can be read from every version that there was', () => {
    expect([...upcasters.keys()]).toEqual(Array.from({ length: stateVersion - 1 }, (_, i) => i + 1))
  })
})

it('the checksum is that of MurmurHash3', () => {
  const of = (text: string): number => checksum32(new TextEncoder().encode(text), 0, text.length)
  expect(['', 'test', 'Hello, world!', 'The quick brown fox jumps over the lazy dog'].map(of)).toEqual([
    0, 0xba6bd213, 0xc0363e43, 0x2e4ff723,
  ])
})
