import { BadStateError } from '#shared/actor/bad-state'
import { ByteReader, type ByteWriter } from './bytes.ts'
import { checksum32 } from './checksum.ts'
import { type StateKind, stateKinds } from './state-kind.ts'
import { type Upcaster, upcasters } from './upcasters.ts'

/** Version of the bytes. A change of what stands in them raises it, adds an upcaster and golden files. */
export const stateVersion = 1

const magic = [0x56, 0x47, 0x4c] // VGL
/** Magic, kind, version, fingerprint; at the end the checksum of all before it. */
const headBytes = 3 + 1 + 1 + 8
const checksumBytes = 4

/** A fingerprint as the two words that are written. */
export const fingerprintWords = (fingerprint: string): readonly [number, number] => [
  Number.parseInt(fingerprint.slice(0, 8), 16),
  Number.parseInt(fingerprint.slice(8, 16), 16),
]

export function beginState(writer: ByteWriter, kind: StateKind, [high, low]: readonly [number, number]): void {
  writer.clear()
  for (const byte of magic) writer.byte(byte)
  writer.byte(stateKinds.indexOf(kind))
  writer.byte(stateVersion)
  writer.u32(high)
  writer.u32(low)
}

/** @returns the finished bytes, which are the caller's */
export function endState(writer: ByteWriter): Uint8Array<ArrayBuffer> {
  writer.u32(checksum32(writer.bytes, 0, writer.length))
  return writer.take()
}

/**
 * Checks what stands around a state's content, and brings the content to the present version.
 * Throws BadStateError. Gotcha: `through` and `to` are for tests of upcasters.
 */
export function openState(
  bytes: Uint8Array,
  kind: StateKind,
  fingerprint: string,
  through: ReadonlyMap<number, Upcaster> = upcasters,
  to = stateVersion,
): ByteReader {
  if (bytes.length < headBytes + checksumBytes)
    throw new BadStateError('truncated', `${bytes.length} bytes are too few for a state`)
  if (magic.some((byte, i) => bytes[i] !== byte))
    throw new BadStateError('not-a-state', 'these bytes are something else')
  const end = bytes.length - checksumBytes
  const head = new ByteReader(bytes, magic.length, bytes.length)
  const written = head.byte()
  const version = head.byte()
  if (version === 0 || version > to)
    throw new BadStateError('version', `version ${version} of the bytes is not known here, which reads up to ${to}`)
  if (checksum32(bytes, 0, end) !== new ByteReader(bytes, end, bytes.length).u32())
    throw new BadStateError('checksum', 'the bytes are damaged or cut')
  if (stateKinds[written] !== kind)
    throw new BadStateError(
      'not-a-state',
      `these bytes are ${stateKinds[written] ?? 'of an unknown kind'}, not ${kind}`,
    )
  const plan = hex(head.u32()) + hex(head.u32())
  if (plan !== fingerprint)
    throw new BadStateError('plan', `the state was written under plan ${plan}, and this engine runs ${fingerprint}`)
  if (version === to) return new ByteReader(bytes, headBytes, end)
  let content = bytes.slice(headBytes, end)
  for (let from = version; from < to; from++) {
    const upcaster = through.get(from)
    if (upcaster === undefined) throw new BadStateError('version', `nothing here reads version ${from} of the bytes`)
    content = Uint8Array.from(upcaster(kind, content))
  }
  return new ByteReader(content, 0, content.length)
}

const hex = (word: number): string => word.toString(16).padStart(8, '0')
