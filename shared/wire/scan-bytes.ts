/** Bytes of JSON by their names. */
export const ascii = {
  space: 0x20,
  quote: 0x22,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  capitalZ: 0x5a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  e: 0x65,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  u: 0x75,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const

/** What a scan answers where it leaves the row to the reference: no position. */
export const declined = -1

/** The first position from `at` that holds no white space of JSON, at most `end`. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let p = at
  while (p < end) {
    const byte = bytes[p]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
    p++
  }
  return p
}

/** @returns the position behind `true`, `false` or `null` */
export function literalEnd(view: DataView, start: number): number {
  const word = view.getInt32(start, true)
  if (word === literals.true || word === literals.null) return start + 4
  const isFalse = view.getInt32(start + 1, true) === literals.alse && view.getUint8(start) === ascii.f
  return isFalse ? start + 5 : declined
}

/** Four letters of each literal as a little-endian word. */
const literals = { true: 0x65757274, alse: 0x65736c61, null: 0x6c6c756e } as const
