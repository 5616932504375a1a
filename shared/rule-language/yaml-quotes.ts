import { isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml'
import type { SourceFile } from './source-file.ts'

/** Keys whose values are expressions or prose: where YAML and they disagree, it is quotes that are missing. */
export const quotableKeys: ReadonlySet<string> = new Set([
  ...['where', 'when', 'until', 'sum', 'avg', 'min', 'max', 'stddev', 'distinct', 'first', 'last', 'share'],
  ...['message', 'title', 'reason', 'note', 'name'],
])

/** A value that needs quotes and has none, or has but one. */
export interface UnquotedValue {
  readonly key: string
  /** Extent of the value in the file. */
  readonly start: number
  readonly end: number
  readonly why: string
  /** A quote opens and does not close: what was meant cannot be told. */
  readonly isOpen: boolean
}

/**
 * A quote that is not closed before the error. It swallows what follows, up to the quote of another key, so the error shows
 * lines below.
 * @param isMissing the parser found no closing quote at all
 */
export function openQuote(
  file: SourceFile,
  root: Node | null,
  errorOffset: number,
  isMissing: boolean,
): UnquotedValue | undefined {
  const line = file.lineAround(errorOffset)
  let start: number | undefined
  visitScalars(root, (scalar) => {
    if (!scalar.type?.startsWith('QUOTE') || !scalar.range) return
    const [from, to] = scalar.range
    const swallowsKey = from < line.start && to > line.start && /[\w-]+:\s*$/.test(file.text.slice(line.start, to - 1))
    if (from < errorOffset && (isMissing ? to >= errorOffset : swallowsKey)) start = from
  })
  if (start === undefined) return undefined
  const own = file.lineAround(start)
  const end = own.start + file.text.slice(own.start, own.end).trimEnd().length
  const key = /([\w-]+):\s*$/.exec(file.text.slice(own.start, start))?.[1] ?? ''
  return { key, start, end, why: 'the quote that opens here is not closed', isOpen: true }
}

/** The value that holds a syntax error, if it is one that quotes would mend. */
export function unquotedAtError(file: SourceFile, root: Node | null, errorOffset: number): UnquotedValue | undefined {
  const { text } = file
  const line = file.lineAround(errorOffset)
  let found: { key: string; start: number } | undefined
  for (const match of text.slice(line.start, line.end).matchAll(/(?<=^|[\s{,])([A-Za-z][\w-]*):[ \t]+(?=\S)/g)) {
    const start = line.start + match.index + match[0].length
    if (start <= errorOffset && quotableKeys.has(match[1])) found = { key: match[1], start }
  }
  if (found === undefined) return undefined
  const end = endOfValue(text, found.start, isWithinFlow(text, root, found.start))
  return errorOffset > end ? undefined : { ...found, end, why: whyQuotes(text.slice(found.start, end)), isOpen: false }
}

/** Values that YAML took for something else without an error: `!has(x)` for a tag, `inList("a", b)` in braces for two entries. */
export function unquotedInTree(file: SourceFile, root: Node | null): UnquotedValue | undefined {
  let found: UnquotedValue | undefined
  visitPairs(root, (pair, previous, isFlow) => {
    if (found !== undefined) return
    const key = keyOf(pair)
    if (key !== undefined && quotableKeys.has(key) && isNode(pair.value) && hasProperties(pair.value))
      found = unquoted(file, root, key, valueStart(file.text, pair))
    const before = previous && keyOf(previous)
    if (isFlow && pair.value === null && previous && before !== undefined && quotableKeys.has(before)) {
      const value = unquoted(file, root, before, valueStart(file.text, previous))
      const keyStart = isScalar(pair.key) ? pair.key.range?.[0] : undefined
      if (keyStart !== undefined && value.end > keyStart) found = value
    }
  })
  return found
}

/** How the value would be written in quotes. A quote is doubled within single quotes, and nothing else needs care. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The reason in the words of the language: what an expression in YAML may not start with or hold. */
export function whyQuotes(text: string): string {
  const first = text[0]
  if ('!"\'[{&*|>@`%#-?'.includes(first)) return `it starts with \`${first}\`, which YAML reads as its own sign`
  if (/:(\s|$)/.test(text)) return 'it holds `: `, which YAML reads as a key with a value'
  if (/\s#/.test(text)) return 'it holds ` #`, which YAML reads as the start of a comment'
  return 'within { } YAML reads `,`, `[`, `]`, `{` and `}` as its own signs'
}

/** True if a string or a bracket is open at the end: then more was written than YAML handed over. */
export function isCutOff(text: string): boolean {
  return scan(text, 0, () => false).isOpen
}

function unquoted(file: SourceFile, root: Node | null, key: string, start: number): UnquotedValue {
  const end = endOfValue(file.text, start, isWithinFlow(file.text, root, start))
  return { key, start, end, why: whyQuotes(file.text.slice(start, end)), isOpen: false }
}

/** Reads as far as the expression goes: strings and brackets are whole, and braces around it end it. */
function endOfValue(text: string, start: number, isFlow: boolean): number {
  const lineEnd = /\r?\n|$/g
  lineEnd.lastIndex = start
  const end = lineEnd.exec(text)?.index ?? text.length
  const stops = (i: number): boolean =>
    i >= end || (isFlow && ',}]'.includes(text[i])) || (text[i] === '#' && /\s/.test(text[i - 1] ?? ''))
  const scanned = scan(text.slice(0, end), start, stops)
  const stop = scanned.isOpen ? end : scanned.end
  return start + text.slice(start, stop).trimEnd().length
}

function scan(text: string, start: number, stops: (index: number) => boolean): { end: number; isOpen: boolean } {
  let depth = 0
  let i = start
  for (; i < text.length; i++) {
    const character = text[i]
    if (depth === 0 && stops(i)) break
    if (character === '"' || character === "'") {
      const close = endOfString(text, i)
      if (close < 0) return { end: text.length, isOpen: true }
      i = close
    } else if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) depth--
    if (depth < 0) return { end: i, isOpen: false }
  }
  return { end: i, isOpen: depth > 0 }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === text[start]) return i
  }
  return -1
}

/** Whether the offset stands in `{ }` or `[ ]` of YAML. In a file with errors the tree knows where these open, not where they close. */
function isWithinFlow(text: string, root: Node | null, offset: number): boolean {
  let within = false
  const visit = (node: unknown): void => {
    if (!isMap(node) && !isSeq(node)) return
    const start = node.range?.[0] ?? offset
    if (node.flow === true) {
      if (start < offset) within = scan(text.slice(0, offset), start, () => false).isOpen
      return
    }
    for (const item of node.items) visit(isPair(item) ? item.value : item)
  }
  visit(root)
  return within
}

/** Calls back for each entry of each map with the entry before it. Depth is bounded when the file is parsed. */
function visitPairs(
  node: unknown,
  visit: (pair: Pair<unknown, unknown>, previous: Pair<unknown, unknown> | undefined, isFlow: boolean) => void,
): void {
  if (isSeq(node)) for (const item of node.items) visitPairs(item, visit)
  if (!isMap(node)) return
  node.items.forEach((pair, i) => {
    visit(pair, node.items[i - 1], node.flow === true)
    visitPairs(pair.value, visit)
  })
}

function visitScalars(node: unknown, visit: (scalar: Scalar) => void): void {
  if (isScalar(node)) visit(node)
  else if (isMap(node)) for (const pair of node.items) visitScalars(pair.value, visit)
  else if (isSeq(node)) for (const item of node.items) visitScalars(item, visit)
}

const keyOf = (pair: Pair<unknown, unknown>): string | undefined =>
  isScalar(pair.key) ? String(pair.key.value) : undefined

const hasProperties = (node: Node): boolean =>
  isAlias(node) || ('tag' in node && node.tag !== undefined) || ('anchor' in node && node.anchor !== undefined)

function valueStart(text: string, pair: Pair<unknown, unknown>): number {
  const keyEnd = isScalar(pair.key) ? (pair.key.range?.[1] ?? 0) : 0
  const separator = /\s*:\s*/y
  separator.lastIndex = keyEnd
  return keyEnd + (separator.exec(text)?.[0].length ?? 0)
}
