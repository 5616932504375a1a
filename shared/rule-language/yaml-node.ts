import { isMap, isScalar, isSeq, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml'
import { type ScalarStyle, scalarOffsets } from './scalar-offsets.ts'
import type { Place, SourceFile } from './source-file.ts'

/** A value in a YAML file together with its place. `ast` is null where a key stands without a value. */
export interface YamlNode {
  readonly file: SourceFile
  readonly ast: Scalar | YAMLMap | YAMLSeq | null
  readonly at: Place
  /** The key that it is the value of, or an element of the value of; empty for a whole file. For messages. */
  readonly key: string
  readonly isElement: boolean
}

/** One `key: value` of a map. */
export interface YamlEntry {
  readonly key: string
  readonly keyAt: Place
  readonly value: YamlNode
}

export function yamlNode(file: SourceFile, ast: unknown, at: Place, key: string, isElement = false): YamlNode {
  const known = isScalar(ast) || isMap(ast) || isSeq(ast) ? ast : null
  return { file, ast: known, at: known?.range ? file.at(known.range[0]) : at, key, isElement }
}

/** Entries in the order of the file; of equal keys the first (the repetition is reported when the file is parsed). */
export function entriesOf(node: YamlNode, map: YAMLMap): YamlEntry[] {
  const entries = new Map<string, YamlEntry>()
  for (const pair of map.items) {
    if (!isScalar(pair.key)) continue
    const key = String(pair.key.value)
    const keyAt = node.file.at(pair.key.range?.[0] ?? node.at.offset)
    if (!entries.has(key)) entries.set(key, { key, keyAt, value: yamlNode(node.file, pair.value, keyAt, key) })
  }
  return [...entries.values()]
}

export const elementsOf = (node: YamlNode, list: YAMLSeq): YamlNode[] =>
  list.items.map((item) => yamlNode(node.file, item, node.at, node.key, true))

export const isNull = (node: YamlNode): boolean => node.ast === null || (isScalar(node.ast) && node.ast.value === null)

/** Marks a value that was reported while the file was parsed and is not to be read. A tag, since no tag survives parsing. */
export function markReported(scalar: Scalar): void {
  scalar.tag = 'reported'
}

export const isReported = (node: YamlNode): boolean => node.ast?.tag === 'reported'

/** The text of a scalar as its author wrote it: `1.00`, not 1. */
export function writtenText(scalar: Scalar): string {
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value))
}

/** What is spoken of: `"score"`. */
export function nameOf({ key, isElement }: YamlNode): string {
  if (key === '') return 'the file'
  return isElement ? `an element of "${key}"` : `"${key}"`
}

/** How a value would be written in the place of the node: `score: 70`. */
export const inPlaceOf = ({ key, isElement }: YamlNode, value: string | number | boolean): string =>
  isElement || key === '' ? String(value) : `${key}: ${value}`

/** What was found, in the words of an author. */
export function describe(node: YamlNode): string {
  if (isMap(node.ast)) return 'a map'
  if (isSeq(node.ast)) return 'a list'
  const value = node.ast?.value
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'boolean') return `the truth value ${value}`
  if (typeof value === 'number') return `the number ${node.ast?.source ?? value}`
  const text = String(value)
  return `the text "${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`
}

/** The node as plain data for `convertValue`. Objects have no prototype, so that no key of a file reaches one. */
export function plainData(node: YamlNode): unknown {
  if (isMap(node.ast)) {
    const object: Record<string, unknown> = Object.create(null)
    for (const { key, value } of entriesOf(node, node.ast)) object[key] = plainData(value)
    return object
  }
  if (isSeq(node.ast)) return elementsOf(node, node.ast).map(plainData)
  return node.ast?.value ?? null
}

/** A function from an index into a scalar's text to its place in the file. */
export function placesWithin(node: YamlNode): (index: number) => Place {
  const scalar = node.ast
  if (!isScalar(scalar)) return () => node.at
  const [start, end] = scalar.range ?? [node.at.offset, node.at.offset]
  const source = node.file.text.slice(start, end)
  const text = writtenText(scalar)
  let offsets: Int32Array | undefined
  return (index) => {
    offsets ??= scalarOffsets(source, text, styleOf(scalar, source))
    return node.file.at(start + offsets[Math.min(Math.max(index, 0), text.length)])
  }
}

function styleOf(scalar: Scalar, source: string): ScalarStyle {
  switch (scalar.type) {
    case 'QUOTE_DOUBLE':
      return 'double-quoted'
    case 'QUOTE_SINGLE':
      return 'single-quoted'
    case 'BLOCK_FOLDED':
    case 'BLOCK_LITERAL':
      return /^[|>]/.test(source) ? 'block' : 'plain'
    default:
      return 'plain'
  }
}
