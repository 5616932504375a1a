/**
 * Reads a UUID in the form that programs write, 8-4-4-4-12 digits in lower case, into four words. Any other text is no UUID here: what is
 * read must come back to the letter.
 */
export function parseUuid(text: string, into: Uint32Array): boolean {
  if (text.length !== 36) return false
  let word = 0
  let digits = 0
  for (let i = 0; i < 36; i++) {
    const code = text.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== hyphen) return false
      continue
    }
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1
    if (digit < 0) return false
    word = (word << 4) | digit
    digits++
    if ((digits & 7) === 0) into[(digits >> 3) - 1] = word
  }
  return true
}

/** The text of what `parseUuid` has read: two words, then two. */
export function uuidText(a: number, b: number, c: number, d: number): string {
  return `${digits(a)}-${half(b >>> 16)}-${half(b)}-${half(c >>> 16)}-${half(c)}${digits(d)}`
}

const digits = (word: number): string => half(word >>> 16) + half(word)
const half = (word: number): string => twoDigits[(word >>> 8) & 0xff] + twoDigits[word & 0xff]

const hyphen = 45
const twoDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
