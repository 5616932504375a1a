import type { Problem } from '#shared/domain/problem'
import { ascii, skipSpace } from '#shared/wire/scan-bytes'
import { markEnd, spaceStart, valueEndFrom } from '../api/rows.ts'
import { ingestLimits } from './ingest-limits.ts'

/** A part of a message that holds one event, or should. */
export interface MessageRow {
  readonly start: number
  readonly end: number
  /** It is known to hold none. */
  readonly problem: Problem | undefined
}

/**
 * Finds the events of a message, which is one event, an array of events, or NDJSON: its first byte tells an array. Where an array is broken,
 * the elements before the break are rows, and the rest is one that holds no event. So is the rest of a message behind as many rows as one may
 * have. An empty message has no rows.
 *
 * Several lines are one event where they are one JSON value together. Where they are none, and no line but the first begins with a brace, they
 * are taken for one event that is broken, not for many that are.
 */
export function* rowsOfMessage(bytes: Buffer): Generator<MessageRow> {
  const start = skipSpace(bytes, markEnd(bytes), bytes.length)
  if (start === bytes.length) return
  const end = spaceStart(bytes)
  if (bytes[start] === ascii.openBracket) yield* bounded(elements(bytes, start, end), end)
  else if (isOneEvent(bytes, start, end)) yield { start, end, problem: undefined }
  else yield* bounded(lines(bytes, start, end), end)
}

function* bounded(rows: Iterable<MessageRow>, end: number): Generator<MessageRow> {
  let count = 0
  for (const row of rows) {
    if (count++ === ingestLimits.messageRowsMax) return yield { start: row.start, end, problem: tooManyRows }
    yield row
  }
}

function* elements(bytes: Buffer, start: number, end: number): Generator<MessageRow> {
  let p = skipSpace(bytes, start + 1, end)
  if (bytes[p] === ascii.closeBracket && p + 1 === end) return
  for (;;) {
    const valueEnd = valueEndFrom(bytes, p, end)
    if (valueEnd === p) return yield { start: Math.min(p, end - 1), end, problem: brokenArray }
    yield { start: p, end: valueEnd, problem: undefined }
    p = skipSpace(bytes, valueEnd, end)
    // An array that was cut off behind an element holds that element.
    if (p >= end || (bytes[p] === ascii.closeBracket && p + 1 === end)) return
    if (bytes[p] !== ascii.comma) return yield { start: p, end, problem: brokenArray }
    p = skipSpace(bytes, p + 1, end)
  }
}

function* lines(bytes: Buffer, from: number, to: number): Generator<MessageRow> {
  for (let start = from; start < to; ) {
    const found = bytes.indexOf(lineFeed, start)
    const lineEnd = found === -1 ? to : Math.min(found, to)
    const end = lineEnd > start && bytes[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd
    if (end > start) yield { start, end, problem: undefined }
    start = lineEnd + 1
  }
}

function isOneEvent(bytes: Buffer, start: number, end: number): boolean {
  const firstEnd = bytes.indexOf(lineFeed, start)
  if (firstEnd === -1 || firstEnd >= end) return true
  if (valueEndFrom(bytes, start, end) < end) return false
  try {
    JSON.parse(bytes.toString('utf8', start, end))
    return true
  } catch {
    const next = bytes.indexOf(lineThatOpens, firstEnd)
    return next === -1 || next >= end
  }
}

const brokenArray: Problem = { reason: 'bad-json', message: 'the array is broken here; what stands before it was read' }

const tooManyRows: Problem = {
  reason: 'too-large',
  message: `the message has more than ${ingestLimits.messageRowsMax} rows; this is the rest of it, behind those that were read`,
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const lineThatOpens = Buffer.from('\n{')
