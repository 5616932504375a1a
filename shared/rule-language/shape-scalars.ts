import { isMap, isScalar, isSeq } from 'yaml'
import { limits } from '#shared/domain/limits'
import { formatDuration, parseDuration } from '#shared/domain/time'
import { nearest } from './diagnostic.ts'
import { type Located, refuse, type Shape } from './shape.ts'
import type { Place, Problems } from './source-file.ts'
import { inPlaceOf, nameOf, placesWithin, plainData, writtenText, type YamlNode } from './yaml-node.ts'
import { isCutOff, quoted, whyQuotes } from './yaml-quotes.ts'

/** Names that expressions use, so CEL decides what they may be. */
export const identifier = { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, are: 'letters, digits and _, not first a digit: n_1h' }

/** Names that only files and alerts use. */
export const word = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$/,
  are: 'letters, digits and _, in words joined by hyphens: probe-then-strike',
}

/** A name that must have the given form. A bad one is handed on: whoever refers to it makes no second mistake. */
export function name(form: typeof word, example: string): Shape<string> {
  return {
    example,
    read(node, problems) {
      const read = readText(node, problems, limits.nameCharactersMax, example)
      if (read !== undefined && !form.pattern.test(read.value))
        problems.error(read.at, 'bad-name', `"${read.value}" is no name`, `names are ${form.are}`)
      return read
    },
    schema: () => ({ type: 'string', pattern: form.pattern.source, maxLength: limits.nameCharactersMax }),
  }
}

/** Text that people read. */
export const prose = (example: string): Shape<string> => ({
  example,
  read: (node, problems) => readText(node, problems, limits.proseCharactersMax, example),
  schema: () => ({ type: 'string', minLength: 1, maxLength: limits.proseCharactersMax }),
})

function readText(
  node: YamlNode,
  problems: Problems,
  charactersMax: number,
  example: string,
): Located<string> | undefined {
  if (!isScalar(node.ast))
    return refuse(node, problems, 'text', quotesHint(node) ?? `write ${inPlaceOf(node, example)}`)
  const { value } = node.ast
  if (typeof value !== 'string')
    return refuse(node, problems, 'text', `put it in quotes: ${inPlaceOf(node, `"${writtenText(node.ast)}"`)}`)
  if (value.trim() === '') return refuse(node, problems, 'text', `write ${inPlaceOf(node, example)}`)
  if (value.length > charactersMax) {
    problems.error(
      node.at,
      'out-of-bounds',
      `${nameOf(node)} has ${value.length} characters; at most ${charactersMax} are taken`,
      'shorten it',
    )
    return undefined
  }
  return { value, at: node.at }
}

/** One of a few words. */
export function choice<const T extends string>(...words: readonly T[]): Shape<T> {
  return {
    example: words[0],
    read(node, problems) {
      const text = isScalar(node.ast) ? writtenText(node.ast) : ''
      const chosen = words.find((w) => w === text)
      if (chosen !== undefined) return { value: chosen, at: node.at }
      const near = nearest(text, words)
      return refuse(
        node,
        problems,
        words.join(' or '),
        near ? `did you mean "${near}"?` : `write ${inPlaceOf(node, words[0])}`,
      )
    },
    schema: () => ({ enum: words }),
  }
}

export function integer({ min, max }: { min: number; max: number }, example: number): Shape<number> {
  return {
    example: String(example),
    read(node, problems) {
      const value = isScalar(node.ast) ? node.ast.value : undefined
      const range = `a whole number from ${min} to ${max}`
      if (typeof value !== 'number' || !Number.isInteger(value))
        return refuse(node, problems, range, `write ${inPlaceOf(node, example)}`)
      if (value >= min && value <= max) return { value, at: node.at }
      problems.error(
        node.at,
        'out-of-bounds',
        `${nameOf(node)} must be ${range}, not ${value}`,
        `write ${inPlaceOf(node, value < min ? min : max)}`,
      )
      return undefined
    },
    schema: () => ({ type: 'integer', minimum: min, maximum: max }),
  }
}

export const flag: Shape<boolean> = {
  example: 'true',
  read(node, problems) {
    const value = isScalar(node.ast) ? node.ast.value : undefined
    if (typeof value === 'boolean') return { value, at: node.at }
    const written = String(value).toLowerCase()
    const meant = ['yes', 'on', 'true'].includes(written)
      ? true
      : ['no', 'off', 'false'].includes(written)
        ? false
        : undefined
    const hint = meant === undefined ? `write ${inPlaceOf(node, 'true')}` : `did you mean ${inPlaceOf(node, meant)}?`
    return refuse(node, problems, 'true or false', hint)
  },
  schema: () => ({ type: 'boolean' }),
}

/** A duration in ms. */
export function duration({ minMs, maxMs }: { minMs: number; maxMs: number }, example: string): Shape<number> {
  return {
    example,
    read(node, problems) {
      const value = isScalar(node.ast) ? node.ast.value : undefined
      const ms = typeof value === 'string' ? parseDuration(value) : undefined
      if (ms === undefined) {
        const unitless = typeof value === 'number' && value >= 0
        const hint = unitless
          ? `durations carry their unit: ${value}s or ${value}m`
          : `write ${inPlaceOf(node, example)}`
        return refuse(node, problems, 'a duration (500ms, 30s, 10m, 1h30m, 7d)', hint)
      }
      if (ms >= minMs && ms <= maxMs) return { value: ms, at: node.at }
      const bound = ms < minMs ? `at least ${formatDuration(minMs)}` : `at most ${formatDuration(maxMs)}`
      problems.error(
        node.at,
        'out-of-bounds',
        `${nameOf(node)} must be ${bound}, not ${value}`,
        `write ${inPlaceOf(node, example)}`,
      )
      return undefined
    },
    schema: () => ({ type: 'string', pattern: '^([0-9]+(ms|s|m|h|d))+$' }),
  }
}

/** The text of an expression or message, with the way back from each character to the file. */
export interface ExpressionText {
  readonly text: string
  placeOf(index: number): Place
  /** The text as its author meant it in full, where YAML cut it off at ` #`. */
  readonly cutOff: string | undefined
}

/** CEL. `true` and `1` are expressions too, whatever YAML takes them for. */
export const expression = (example: string): Shape<ExpressionText> => ({
  example,
  read(node, problems) {
    if (!isScalar(node.ast))
      return refuse(node, problems, 'an expression', quotesHint(node) ?? `write ${inPlaceOf(node, example)}`)
    const text = writtenText(node.ast)
    return { value: { text, placeOf: placesWithin(node), cutOff: cutOff(node, text) }, at: node.at }
  },
  schema: () => ({ type: ['string', 'boolean', 'number'] }),
})

/** Any value; read later by the type that another file declares. */
export const anything: Shape<YamlNode> = {
  example: '…',
  read: (node) => ({ value: node, at: node.at }),
  schema: () => ({}),
}

export interface ScalarText {
  readonly value: string | number | boolean
  /** As it stands in the file: `007`. */
  readonly written: string
}

/** A string, a whole number, or what else one cell may hold. */
export const scalar: Shape<ScalarText> = {
  example: 'A',
  read(node, problems) {
    const value = plainData(node)
    if (isScalar(node.ast) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'))
      return { value: { value, written: writtenText(node.ast) }, at: node.at }
    return refuse(node, problems, 'a single value', `write ${inPlaceOf(node, 'A')}`)
  },
  schema: () => ({ type: ['string', 'number', 'boolean'] }),
}

function quotesHint(node: YamlNode): string | undefined {
  if (!isMap(node.ast) && !isSeq(node.ast)) return undefined
  if (node.ast.flow !== true || !node.ast.range) return undefined
  const written = node.file.text.slice(node.ast.range[0], node.ast.range[1])
  return written.includes('\n') ? undefined : `${whyQuotes(written)}; write ${inPlaceOf(node, quoted(written))}`
}

function cutOff(node: YamlNode, text: string): string | undefined {
  if (!isScalar(node.ast) || node.ast.type !== 'PLAIN' || !node.ast.range || !isCutOff(text)) return undefined
  const [start, end] = node.ast.range
  const rest = node.file.text.slice(end, node.file.lineAround(end).end)
  return /^[ \t]+#/.test(rest) ? node.file.text.slice(start, end) + rest : undefined
}
