/**
 * The order of events is (`at`, `id`); ids are compared by length, then by bytes, so `9` comes before `10`.
 * Lengths and bytes are those of UTF-8.
 */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0
  const lengthDifference = byteLength(a) - byteLength(b)
  if (lengthDifference !== 0) return lengthDifference
  // Code point order is UTF-8 byte order; UTF-16 code unit order differs only where surrogates meet U+E000 and above.
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codeUnitRank(x) - codeUnitRank(y)
  }
  return a.length - b.length
}

export const compareEvents = (a: { at: number; id: string }, b: { at: number; id: string }): number =>
  a.at - b.at || compareIds(a.id, b.id)

function byteLength(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

const codeUnitRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
