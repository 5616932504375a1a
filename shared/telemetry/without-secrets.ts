/**
 * A text for a log: of what others wrote into it, nothing that names a person's card or opens a door. The second net: what is logged is chosen
 * so that there is nothing to take out, but messages of clients and servers may quote what they were given.
 * @returns at most `textCharactersMax` characters, with `…` where something was taken out
 */
export function withoutSecrets(text: string): string {
  const shown = text.length > textCharactersMax ? `${text.slice(0, textCharactersMax)}…` : text
  return (
    shown
      // Name and password of an address, also where the password holds a `/` or `@`. What stands before `://` is not looked at, so that a
      // long word costs nothing.
      .replace(/:\/\/[^\s"'<>]{0,1024}@/g, '://…@')
      .replace(/\b(?:bearer|basic)\s+[^\s"',]+/gi, '…')
      .replace(/\bvk_[\w-]+/g, '…')
      .replace(/(\b(?:password|passwd|secret|token|api[-_]?key)["']?\s*[=:]\s*)[^\s,;&]+/gi, '$1…')
      .replace(/(?<![\d.])\d(?:[ -]?\d){11,18}(?![\d.])/g, (digits) => (isCardNumber(digits) ? '…' : digits))
  )
}

/** Luhn, and a first digit that a card can have: times in ms since 1970 begin with 1. */
function isCardNumber(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '')
  if (!/^[2-6]/.test(digits)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]) * (1 + (i % 2))
    sum += digit > 9 ? digit - 9 : digit
  }
  return sum % 10 === 0
}

/** The upper part of a stack fits, and every expression above is done with it at once. */
const textCharactersMax = 2_000
