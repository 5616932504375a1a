/**
 * Any string as text that PostgreSQL takes: it refuses U+0000, and UTF-8 has no unpaired surrogates. These, and the mark itself, become
 * the mark with four hexadecimal digits; every other string stays as it is. Equal strings, and only they, have equal texts.
 *
 * The mark is a control character, which JSON never holds as it is: so lines and events can be read in the database as they are.
 */
export function encodeText(value: string): string {
  if (value.isWellFormed() && !value.includes('\0') && !value.includes(mark)) return value
  let text = ''
  // By code points: a surrogate that comes alone is unpaired.
  for (const character of value) {
    const isKept = character !== '\0' && character !== mark && character.isWellFormed()
    text += isKept ? character : mark + character.charCodeAt(0).toString(16).padStart(4, '0')
  }
  return text
}

/** The string that `encodeText` made this of. */
export function decodeText(text: string): string {
  const [start, ...parts] = text.split(mark)
  return parts.reduce(
    (value, part) => value + String.fromCharCode(Number.parseInt(part.slice(0, 4), 16)) + part.slice(4),
    start,
  )
}

const mark = '\u001b'
