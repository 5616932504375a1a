import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type ParsedNode,
  Parser,
  type YAMLParseError,
} from 'yaml'
import { limits } from '#shared/domain/limits'
import type { Problems, SourceFile } from './source-file.ts'
import { markReported, type YamlNode, yamlNode } from './yaml-node.ts'
import { openQuote, quoted, type UnquotedValue, unquotedAtError, unquotedInTree } from './yaml-quotes.ts'

/**
 * Parses one file as YAML 1.2 with the core schema. Keys are text; anchors, aliases, tags and merge keys are refused, so the tree
 * is never larger than the file.
 *
 * An expression that needs quotes and has none is reported, then read as if it had them, so that one missing quote hides
 * nothing that follows.
 * @returns undefined: the file is empty or so broken that its content cannot be told
 */
export function parseYaml(file: SourceFile, problems: Problems): YamlNode | undefined {
  if (file.text.length > limits.ruleFileCharactersMax) {
    problems.error(
      file.at(0),
      'too-large',
      `the file has ${file.text.length} characters; at most ${limits.ruleFileCharactersMax} are read`,
      'split it: several rules, lists and tests may stand in several files',
    )
    return undefined
  }
  const unquoted: UnquotedValue[] = []
  for (;;) {
    const document = compose(file, withPlaceholders(file.text, unquoted), problems)
    if (document === undefined) return undefined
    const next = nextUnquoted(file, document)
    if (
      next !== undefined &&
      (unquoted.length + 1) * file.text.length < limits.yamlRepairCharactersMax &&
      !unquoted.some((u) => u.start === next.start)
    ) {
      reportUnquoted(file, next, problems)
      unquoted.push(next)
      continue
    }
    const isBroken = reportErrors(file, document, problems)
    reportNodes(file, document.contents, problems)
    if (isBroken) return undefined
    fillIn(file, document.contents, unquoted)
    return rootOf(file, document, problems)
  }
}

/** Errors that leave no doubt about what was meant. */
const harmless: ReadonlySet<string> = new Set(['TAB_AS_INDENT'])

interface Composed {
  readonly contents: ParsedNode | null
  readonly errors: readonly YAMLParseError[]
  /** Where a second document starts. */
  readonly second: number | undefined
}

function compose(file: SourceFile, text: string, problems: Problems): Composed | undefined {
  const tokens = [...new Parser().parse(text)]
  const deep = tooDeep(tokens)
  if (deep !== undefined) {
    problems.error(
      file.at(deep),
      'too-deep',
      `the file nests more than ${limits.ruleFileDepthMax} levels`,
      'no part of a rule set needs so many; look for a missing closing bracket',
    )
    return undefined
  }
  const options = { version: '1.2', schema: 'core', merge: false, stringKeys: true, uniqueKeys: false } as const
  const composer = new Composer<ParsedNode>({ ...options, prettyErrors: false, logLevel: 'silent' })
  const [document, second] = [...composer.compose(tokens, true, text.length)]
  return { contents: document.contents, errors: document.errors, second: second?.range[0] }
}

/** The tree of tokens is walked without recursion, since its depth is what is in doubt. */
function tooDeep(tokens: readonly CST.Token[]): number | undefined {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > limits.ruleFileDepthMax) return token.type === 'document' ? 0 : 'offset' in token ? token.offset : 0
    if (token.type === 'document') {
      if (token.value) open.push({ token: token.value, depth })
    } else if ('items' in token)
      for (const item of token.items) {
        if (item.key) open.push({ token: item.key, depth: depth + 1 })
        if (item.value) open.push({ token: item.value, depth: depth + 1 })
      }
  }
  return undefined
}

function nextUnquoted(file: SourceFile, { contents, errors }: Composed): UnquotedValue | undefined {
  const error = errors.find(({ code }) => !harmless.has(code))
  if (error === undefined) return unquotedInTree(file, contents)
  const isMissing = error.code === 'MISSING_CHAR' && error.message.includes('quote')
  return openQuote(file, contents, error.pos[0], isMissing) ?? unquotedAtError(file, contents, error.pos[0])
}

function reportUnquoted(file: SourceFile, { key, start, end, why, isOpen }: UnquotedValue, problems: Problems): void {
  const written = file.text.slice(start, end)
  if (isOpen) problems.error(file.at(start), 'yaml-syntax', why, `close it: ${key}: ${written}${written[0]}`)
  else
    problems.error(
      file.at(start),
      'needs-quotes',
      `the value of "${key}" needs quotes: ${why}`,
      `write ${key}: ${quoted(written)}`,
    )
}

/** Of the same length, so that all that follows keeps its place. */
function withPlaceholders(text: string, values: readonly UnquotedValue[]): string {
  let result = text
  for (const { start, end } of values) {
    const filler = end - start < 2 ? 'x'.repeat(end - start) : `'${'x'.repeat(end - start - 2)}'`
    result = result.slice(0, start) + filler + result.slice(end)
  }
  return result
}

/** Puts what was written in the place of the placeholders, as plain text: its characters stand where they stand. */
function fillIn(file: SourceFile, node: unknown, values: readonly UnquotedValue[]): void {
  if (values.length === 0) return
  if (isScalar(node)) {
    const value = values.find((v) => v.start === node.range?.[0])
    if (value === undefined) return
    if (value.isOpen) markReported(node)
    else node.value = file.text.slice(value.start, value.end)
    node.type = 'PLAIN'
  } else if (isMap(node)) for (const pair of node.items) fillIn(file, pair.value, values)
  else if (isSeq(node)) for (const item of node.items) fillIn(file, item, values)
}

/** @returns whether the tree cannot be trusted */
function reportErrors(file: SourceFile, { errors, second }: Composed, problems: Problems): boolean {
  if (second !== undefined)
    problems.error(
      file.at(second),
      'yaml-syntax',
      'a second document starts here; a file holds one',
      'remove the line `---`, or move what follows it to a file of its own',
    )
  for (const error of errors) {
    problems.error(file.at(error.pos[0]), 'yaml-syntax', error.message, syntaxHint(error.code))
    // What follows the first break of the structure is mostly its consequence.
    if (!harmless.has(error.code)) return true
  }
  return false
}

function syntaxHint(code: YAMLParseError['code']): string | undefined {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces'
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
      return 'a value that holds `: ` needs quotes; between two entries of { } stands a comma'
    case 'MISSING_CHAR':
      return 'look for a quote, a bracket or a `:` that is missing here or just before'
    case 'BAD_INDENT':
      return 'keys of one map stand in one column, and { } and [ ] are closed'
    case 'NON_STRING_KEY':
      return 'a key is a word'
    case 'BAD_SCALAR_START':
    case 'UNEXPECTED_TOKEN':
      return 'a value that starts with a sign of YAML, or goes on behind a quote or bracket, needs quotes as a whole'
    default:
      return undefined
  }
}

/**
 * Anchors, aliases, tags and repeated keys. An alias is not followed, so that no file grows when it is read. Repeated keys are found
 * here, since the parser compares each key with all before it, which takes minutes for a large file.
 */
function reportNodes(file: SourceFile, node: unknown, problems: Problems): void {
  if (!isNode(node)) return
  const at = file.at(node.range?.[0] ?? 0)
  if (isAlias(node) || node.anchor !== undefined)
    problems.error(at, 'yaml-alias', 'anchors and aliases are not part of rule files', 'write the value out')
  if (!isAlias(node) && node.tag !== undefined)
    problems.error(
      at,
      'yaml-tag',
      `YAML reads "${node.tag}" as a tag, and tags are not part of rule files`,
      'put the value in quotes',
    )
  if (isSeq(node)) for (const item of node.items) reportNodes(file, item, problems)
  if (!isMap(node)) return
  const keys = new Set<unknown>()
  for (const { key, value } of node.items) {
    if (isScalar(key)) {
      if (keys.has(key.value))
        problems.error(
          file.at(key.range?.[0] ?? 0),
          'duplicate-key',
          `"${key.value}" stands twice in one map`,
          'keep one of the two',
        )
      keys.add(key.value)
    }
    reportNodes(file, value, problems)
  }
}

function rootOf(file: SourceFile, document: Composed, problems: Problems): YamlNode | undefined {
  const root = yamlNode(file, document.contents, file.at(0), '')
  if (root.ast !== null && !(isScalar(root.ast) && root.ast.value === null)) return root
  problems.error(file.at(0), 'empty-file', 'the file is empty', 'remove it, or write its content')
  return undefined
}
