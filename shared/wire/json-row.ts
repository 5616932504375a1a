import { isUtf8 } from 'node:buffer'
import { limits } from '#shared/domain/limits'
import type { Problem } from '#shared/domain/problem'
import { jsonMistake } from './json-mistake.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Reads rows that hold one JSON object each. After `parse` gave undefined, `problem` says why. */
export class JsonRowParser {
  problem: Problem | undefined
  /** The last row. */
  text = ''
  /** Whether the last row may hold half a surrogate pair, which only an escape can bring in. */
  hasEscapedUnits = false

  /** @returns the object of `bytes[start, end)`. Never throws on account of the bytes. */
  parse(bytes: Uint8Array, start: number, end: number): JsonObject | undefined {
    if (end - start > limits.rowBytesMax) return this.#refuse(tooLargeProblem)
    const text = asBuffer(bytes).toString('utf8', start, end)
    this.text = text
    // A decoder puts U+FFFD where bytes are invalid, but it may as well have been sent.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) return this.#refuse(badEncodingProblem)
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return this.#refuse({ reason: 'bad-json', message: jsonMistake(text) })
    }
    if (!isJsonObject(value))
      return this.#refuse({ reason: 'not-an-object', message: `expected an object, got ${kindOf(value)}` })
    if (hasManyBrackets(text) && isDeeperThan(value, limits.jsonDepthMax)) return this.#refuse(tooDeepProblem)
    this.hasEscapedUnits = text.includes('\\u')
    return value
  }

  #refuse(problem: Problem): undefined {
    this.problem = problem
    return undefined
  }
}

export const tooLargeProblem: Problem = {
  reason: 'too-large',
  message: `the row is longer than ${limits.rowBytesMax} bytes`,
}
export const badEncodingProblem: Problem = { reason: 'bad-encoding', message: 'the row is not UTF-8' }
export const tooDeepProblem: Problem = {
  reason: 'too-deep',
  message: `objects and lists are nested more than ${limits.jsonDepthMax} levels deep`,
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return (
    { string: 'a string', number: 'a number', boolean: 'a bool', object: 'an object' }[typeof value as string] ??
    typeof value
  )
}

/** Whether objects and lists nest deeper than `levels`, the value itself being the first. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const part of Array.isArray(value) ? value : Object.values(value))
    if (isDeeperThan(part, levels - 1)) return true
  return false
}

/** Depth needs as many opening brackets; nearly every row has fewer, and need not be walked. */
function hasManyBrackets(text: string): boolean {
  return hasMoreThan(text, '{', limits.jsonDepthMax / 2) || hasMoreThan(text, '[', limits.jsonDepthMax / 2)
}

function hasMoreThan(text: string, bracket: string, count: number): boolean {
  let found = -1
  for (let n = 0; n <= count; n++) {
    found = text.indexOf(bracket, found + 1)
    if (found === -1) return false
  }
  return true
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
