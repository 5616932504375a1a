import { ascii, skipSpace } from '#shared/wire/scan-bytes'
import { apiLimits } from './api-limits.ts'
import type { Rows } from './vigil.ts'

export type SplitBody =
  | { readonly kind: 'rows'; readonly rows: Rows }
  | { readonly kind: 'too-many' }
  /** It is no JSON; `bodyMistake` says where. */
  | { readonly kind: 'not-json' }

/**
 * Finds the events of a JSON body: an array's elements, or else the one value that it holds. Bytes are only looked at as far as needed
 * for that: whoever decodes a row finds out whether it is JSON. So a row of a body that is JSON is exactly one element.
 */
export function splitJson(body: Buffer): SplitBody {
  const start = skipSpace(body, markEnd(body), body.length)
  if (start === body.length) return notJson
  const end = spaceStart(body)
  if (body[start] !== ascii.openBracket) return rowsOf(body, [start], [end])
  const starts: number[] = []
  const ends: number[] = []
  let p = skipSpace(body, start + 1, end)
  if (body[p] === ascii.closeBracket) return p + 1 === end ? rowsOf(body, starts, ends) : notJson
  for (;;) {
    const valueEnd = valueEndFrom(body, p, end)
    if (valueEnd === p) return notJson
    if (starts.length === apiLimits.eventsPerRequestMax) return tooMany
    starts.push(p)
    ends.push(valueEnd)
    p = skipSpace(body, valueEnd, end)
    if (p >= end) return notJson
    if (body[p] === ascii.closeBracket) return p + 1 === end ? rowsOf(body, starts, ends) : notJson
    if (body[p] !== ascii.comma) return notJson
    p = skipSpace(body, p + 1, end)
  }
}

/** A JSON body as the one value that it holds, an array too. */
export function wholeJson(body: Buffer): SplitBody {
  const start = skipSpace(body, markEnd(body), body.length)
  return start === body.length ? notJson : rowsOf(body, [start], [spaceStart(body)])
}

/** Finds the lines of NDJSON. LF or CRLF ends a line; empty lines are none. */
export function splitLines(body: Buffer): SplitBody {
  const starts: number[] = []
  const ends: number[] = []
  for (let start = markEnd(body); start < body.length; ) {
    const found = body.indexOf(lineFeed, start)
    const lineEnd = found === -1 ? body.length : found
    const end = lineEnd > start && body[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd
    if (end > start) {
      if (starts.length === apiLimits.eventsPerRequestMax) return tooMany
      starts.push(start)
      ends.push(end)
    }
    start = lineEnd + 1
  }
  return rowsOf(body, starts, ends)
}

const notJson: SplitBody = { kind: 'not-json' }
const tooMany: SplitBody = { kind: 'too-many' }

const rowsOf = (bytes: Buffer, starts: readonly number[], ends: readonly number[]): SplitBody => ({
  kind: 'rows',
  rows: { bytes, length: starts.length, starts, ends },
})

/** @returns the position behind the value at `start`; `start` where there is none; `end` where it does not end */
export function valueEndFrom(bytes: Buffer, start: number, end: number): number {
  let p = start
  let depth = 0
  while (p < end) {
    const byte = bytes[p]
    if (byte === ascii.quote) {
      p++
      while (p < end && bytes[p] !== ascii.quote) p += bytes[p] === ascii.backslash ? 2 : 1
      p++
      if (depth === 0) return Math.min(p, end)
    } else if ((byte | 0x20) === ascii.openBrace) {
      // The bit is all that tells a bracket from a brace.
      depth++
      p++
    } else if ((byte | 0x20) === ascii.closeBrace) {
      if (depth <= 1) return depth === 0 ? p : p + 1
      depth--
      p++
    } else if (depth > 0 || !endsScalar(byte)) p++
    else return p
  }
  return end
}

const endsScalar = (byte: number): boolean => byte === ascii.comma || byte <= ascii.space

/** Behind a byte order mark, which RFC 8259 lets a reader pass over. */
export const markEnd = (body: Buffer): number => (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0)

/** Where the white space at the end of a body begins, which is not all white space. */
export function spaceStart(body: Buffer): number {
  let end = body.length
  while (skipSpace(body, end - 1, end) === end) end--
  return end
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
