import type { ValueType } from '#shared/domain/value-type'
import type { MinuteMemo } from './scan-time.ts'

/** The members of one object of the input. */
export class ScanObject {
  readonly #buckets: ScanMember[][]

  constructor(members: readonly ScanMember[]) {
    const size = 2 ** Math.ceil(Math.log2(members.length * 2 + 1))
    this.#buckets = Array.from({ length: size }, () => [])
    for (const member of members) this.#bucket(member.name, 0, member.name.length).push(member)
  }

  /** The member whose name stands at `start`, quotes included, up to `end`. */
  find(bytes: Uint8Array, start: number, end: number): ScanMember | undefined {
    for (const member of this.#bucket(bytes, start, end)) if (isTextAt(member.name, bytes, start, end)) return member
    return undefined
  }

  #bucket(bytes: Uint8Array, start: number, end: number): ScanMember[] {
    // FNV-1a.
    let hash = 0x811c9dc5
    for (let p = start; p < end; p++) hash = Math.imul(hash ^ bytes[p], 0x01000193)
    return this.#buckets[(hash ^ (hash >>> 15)) & (this.#buckets.length - 1)]
  }
}

/** Whether these bytes are `text`. */
export function isTextAt(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) if (text[i] !== bytes[start + i]) return false
  return true
}

/** A declared name, or `id`, `at`, `type`. */
export interface ScanMember {
  /** Between its quotes. */
  readonly name: Buffer
  readonly index: number
  readonly action: number
  readonly isRequired: boolean
  readonly isKey: boolean
  /** Index into `EventSchema.fields`; -1 for the envelope and objects. */
  readonly field: number
  readonly type: ValueType | undefined
  /** Of money and durations; -1 for other types. */
  readonly decimals: number
  readonly salt: number
  readonly members: ScanObject | undefined
  readonly minute: MinuteMemo
  /** Bytes of the last text: many fields are of one length. */
  textLength: number
}
