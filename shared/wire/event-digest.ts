import type { Value } from '#shared/domain/convert-value'

/**
 * The 32-bit digest of an event tells a repeat from a conflict: type, `at` and all declared fields in their typed form.
 *
 * D1 It is a sum of one number for each present field, salted by the field's path. So neither the order of keys in the input
 *    nor the order of declaration matters, an absent field adds nothing, and a field added to `events.yaml` changes no old digest.
 * D2 It is kept in checkpoints. To change it is to report every repeat across an upgrade as a conflict.
 *
 * It is no protection against someone who wants two contents to look alike: 32 bits cannot be.
 */
export const digestSalt = (name: string): number => digestText(0x9747b28c, name)

const scratch = new Float64Array(1)
const words = new Int32Array(scratch.buffer)

/** Of a finite number; −0 must have been made 0. */
export function digestNumber(salt: number, value: number): number {
  scratch[0] = value
  return finish(mix(mix(salt, words[0]), words[1]))
}

/** Over UTF-16 code units, two at a time. */
export function digestText(salt: number, text: string): number {
  const length = text.length
  const even = length & ~1
  let hash = mix(salt, length)
  for (let i = 0; i < even; i += 2) hash = mix(hash, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16))
  if (even !== length) hash = mix(hash, text.charCodeAt(even))
  return finish(hash)
}

/** Of any value in memory. The order of a list counts, that of a map's entries does not. */
export function digestValue(salt: number, value: Value): number {
  if (typeof value === 'number') return digestNumber(salt, value)
  if (typeof value === 'string') return digestText(salt, value)
  if (isMap(value)) {
    let sum = mix(salt, value.size)
    for (const [name, entry] of value) sum = (sum + digestValue(digestText(salt, name), entry)) | 0
    return finish(sum)
  }
  let hash = mix(salt, value.length)
  for (const element of value) hash = mix(hash, digestValue(salt, element))
  return finish(hash)
}

const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map

// The rounds of MurmurHash3 for 32 bits (Austin Appleby, public domain). Exported for `scan-text.ts`, which digests bytes.
export function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

export function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
