import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { limits } from '#shared/domain/limits'
import { parseTimestamp } from '#shared/domain/time'
import type { ValueType } from '#shared/domain/value-type'
import { typeName } from '#shared/domain/value-type'
import { nearest } from '#shared/rule-language/diagnostic'
import { parseExpression } from '#shared/rule-language/parse-expression'
import type { Problems } from '#shared/rule-language/source-file'
import { columnOf, strictTimestamp, visit } from './cel-tree.ts'
import { fastPath } from './map-fast-path.ts'
import type { ExpressionText } from './map-shape.ts'
import type { MapExpression, Row, RowShape } from './row-shape.ts'

/** Columns that expressions name. */
export interface ColumnUse {
  readonly names: Set<string>
  /** Something takes the row as a whole, so that every column is needed. */
  isWhole: boolean
}

/**
 * Checks expressions against the rows of one input, and makes functions of them.
 *
 * X1 What an expression gives is what CEL gives. The short cut for frequent shapes (`map-fast-path.ts`) answers only where it is sure.
 * X2 No result depends on the machine: `timestamp()` takes RFC 3339 with a zone only, and functions that read the machine's zone or
 *    take a regular expression of unbounded cost are refused.
 */
export class MapExpressions {
  readonly columns: ColumnUse = { names: new Set(), isWhole: false }
  readonly #shape: RowShape
  readonly #environment: Environment
  #mappedRow: Row | undefined
  #mapped: unknown

  constructor(shape: RowShape) {
    this.#shape = shape
    this.#environment = new Environment({
      limits: { maxAstNodes: limits.expressionNodesMax, maxDepth: limits.expressionDepthMax },
    })
      .registerVariable('row', shape.kind === 'texts' ? 'map<string, string>' : 'map<string, dyn>')
      .registerVariable('line', 'int')
      .registerFunction(`${strictTimestamp}(string): google.protobuf.Timestamp`, readTimestamp)
      .registerFunction(`${strictTimestamp}(int): google.protobuf.Timestamp`, (seconds: bigint) =>
        readTimestamp(Number(seconds) * 1000),
      )
      .registerFunction(
        `${strictTimestamp}(google.protobuf.Timestamp): google.protobuf.Timestamp`,
        (time: Date) => time,
      )
  }

  /** A condition on the row. @returns undefined: it is none, which was reported */
  condition(written: ExpressionText, problems: Problems): MapExpression | undefined {
    return this.#compile(written, { kind: 'bool' }, isCondition, problems)
  }

  /** The value of a field of this type. @returns undefined: it is none, which was reported */
  value(written: ExpressionText, type: ValueType, problems: Problems): MapExpression | undefined {
    return this.#compile(written, type, mayBecome, problems)
  }

  #compile(
    written: ExpressionText,
    type: ValueType,
    fits: typeof mayBecome,
    problems: Problems,
  ): MapExpression | undefined {
    const syntax = parseExpression(written.text, (word) => word === 'row' || word === 'line')
    for (const { start, code, message, hint } of syntax.problems)
      problems.error(written.placeOf(start), code, message, hint)
    if (syntax.problems.length > 0) return undefined
    const parsed = this.#environment.parse(written.text)
    const isSound = this.#checkNames(parsed.ast, written, problems)
    const checked = parsed.check()
    if (checked.error !== undefined) {
      const { range, code, summary } = checked.error
      problems.error(
        written.placeOf(range?.start ?? 0),
        code.replaceAll('_', '-'),
        summary,
        typeHint(summary, this.#shape),
      )
      return undefined
    }
    const found = checked.type ?? 'dyn'
    if (!fits(found, type)) {
      const message = `the expression gives ${shortName(found)}, and ${typeName(type)} is needed`
      problems.error(written.placeOf(0), 'type-mismatch', message)
      return undefined
    }
    if (!isSound) return undefined
    const slow: MapExpression = (row, line) => parsed({ row: this.#asMap(row), line: BigInt(line) })
    return fastPath(parsed.ast, type, this.#shape, slow)
  }

  /** Reports columns that do not exist, and calls that are refused. */
  #checkNames(tree: ASTNode, written: ExpressionText, problems: Problems): boolean {
    let isSound = true
    const report = (node: ASTNode, code: string, message: string, hint: string | undefined): void => {
      isSound = false
      problems.error(written.placeOf(node.range.start), code, message, hint)
    }
    visit(tree, (node) => {
      const column = columnOf(node)
      if (column !== undefined) {
        const { columns, source } = this.#shape
        this.columns.names.add(column)
        if (columns === undefined || columns.includes(column)) return false
        const near = nearest(column, columns)
        const hint = near === undefined ? `its columns are ${listed(columns)}` : `did you mean ${near}?`
        report(node, 'unknown-column', `${source} has no column "${column}"`, hint)
        return false
      }
      if (node.op === 'id' && node.args === 'row') this.columns.isWhole = true
      if (node.op === 'call' && node.args[0] === 'timestamp') {
        const [first] = node.args[1]
        if (first?.op === 'value' && typeof first.args === 'string' && parseTimestamp(first.args) === undefined)
          report(first, 'bad-time', notATime, 'write "2026-03-01T12:00:00Z"')
        node.args[0] = strictTimestamp
      }
      if (node.op === 'rcall' && refusedMethods.has(node.args[0]))
        report(node, 'unknown-function', `${node.args[0]}() cannot be used in a map`, refusedMethods.get(node.args[0]))
      return true
    })
    return isSound
  }

  /** The row as CEL sees it, made once for all expressions over it. */
  #asMap(row: Row): unknown {
    if (this.#mappedRow === row) return this.#mapped
    this.#mappedRow = row
    const { columns } = this.#shape
    if (isCells(row)) this.#mapped = new Map(row.map((cell, i) => [columns?.[i], cell ?? null]))
    // CEL tells the kind of an object by its constructor, which a member of that name would hide.
    else this.#mapped = Object.hasOwn(row, 'constructor') ? new Map(Object.entries(row)) : row
    return this.#mapped
  }
}

const notATime = 'timestamp() takes RFC 3339 with a zone, from 1970 to 2199'

function readTimestamp(value: string | number): Date {
  const ms = parseTimestamp(value)
  if (ms === undefined) throw new Error(notATime)
  return new Date(ms)
}

const refusedMethods: ReadonlyMap<string, string> = new Map([
  ['matches', 'use startsWith, endsWith, contains or =='],
  ['getDayOfYear', 'use getMonth and getDayOfMonth'],
])

const isCells = (row: Row): row is readonly unknown[] => Array.isArray(row)

const listed = (columns: readonly string[]): string =>
  columns.length <= 12 ? columns.join(', ') : `${columns.slice(0, 12).join(', ')}, …`

function typeHint(summary: string, shape: RowShape): string | undefined {
  if (summary.includes("'null'")) return 'write dyn(null), which is of any type'
  if (!summary.startsWith('Unknown variable')) return undefined

  const name = summary.slice(summary.lastIndexOf(' ') + 1)
  const near = nearest(name, [...(shape.columns ?? []), 'row', 'line'])
  return near === 'row' || near === 'line' ? `did you mean ${near}?` : `write row.${near ?? name}`
}

const isCondition = (found: string): boolean => found === 'bool' || found === 'dyn'

/** Whether a result that CEL knows the type of can ever be read as the field's type. */
function mayBecome(found: string, type: ValueType): boolean {
  const name = shortName(found)
  if (name === 'dyn' || name === 'null' || name === 'null_type') return true
  switch (type.kind) {
    case 'string':
    case 'bool':
      return ['string', 'int', 'uint', ...(type.kind === 'bool' ? ['bool'] : ['double'])].includes(name)
    case 'int':
    case 'double':
    case 'money':
      return ['string', 'int', 'uint', 'double'].includes(name)
    case 'timestamp':
    case 'duration':
      return ['string', 'int', 'uint', 'double', type.kind].includes(name)
    default:
      return name.startsWith(type.kind)
  }
}

const shortName = (celType: string): string => celType.replace('google.protobuf.', '').toLowerCase()
