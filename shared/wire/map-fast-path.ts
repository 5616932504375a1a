import type { ASTNode } from '@marcbachmann/cel-js'
import type { ValueType } from '#shared/domain/value-type'
import { columnOf, strictTimestamp } from './cel-tree.ts'
import { readAt } from './envelope.ts'
import type { JsonObject } from './json-row.ts'
import type { MapExpression, Row, RowShape } from './row-shape.ts'

/** A part of an expression. undefined: not sure, so CEL shall decide, be it with a value or an error. */
type Part<T> = (row: Row, line: number) => T | undefined

/**
 * Closures for the shapes that most maps consist of: a column, texts put together and compared, a time plus seconds. CEL takes about
 * 1 µs for an expression, which for ten fields is more than all else that happens to a row.
 * @param slow what CEL gives for the whole expression
 */
export function fastPath(tree: ASTNode, type: ValueType, shape: RowShape, slow: MapExpression): MapExpression {
  const path = memberPath(tree)
  if (path !== undefined) return member(path, shape)
  if (tree.op === 'id' && tree.args === 'line') return (_, line) => line
  // A time is given in milliseconds, so only where CEL's own time would become that.
  const part = bool(tree, shape) ?? text(tree, shape) ?? (type.kind === 'timestamp' ? time(tree, shape) : undefined)
  return part === undefined ? slow : (row, line) => part(row, line) ?? slow(row, line)
}

/** A whole expression that is one member of the row: where the row has none, the field is absent, which CEL would call an error. */
function member(path: readonly string[], shape: RowShape): MapExpression {
  const index = shape.kind === 'object' ? -1 : (shape.columns?.indexOf(path[0]) ?? -1)
  if (index >= 0 && path.length === 1) return (row) => (row as readonly unknown[])[index]
  const names = index >= 0 ? path.slice(1) : path
  return (row) => {
    let value: unknown = index >= 0 ? (row as readonly unknown[])[index] : row
    for (const name of names) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
      value = (value as JsonObject)[name]
    }
    return value
  }
}

function memberPath(node: ASTNode): string[] | undefined {
  const column = columnOf(node)
  if (column !== undefined) return [column]
  if (node.op !== '.') return undefined
  const path = memberPath(node.args[0])
  path?.push(node.args[1])
  return path
}

function text(node: ASTNode, shape: RowShape): Part<string> | undefined {
  if (node.op === 'value') {
    const value = node.args
    return typeof value === 'string' ? () => value : undefined
  }
  const column = columnOf(node)
  if (column !== undefined) {
    const read = member([column], shape)
    return (row, line) => {
      const value = read(row, line)
      return typeof value === 'string' ? value : undefined
    }
  }
  if (node.op === '+') {
    const [left, right] = [text(node.args[0], shape), text(node.args[1], shape)]
    if (left === undefined || right === undefined) return undefined
    return (row, line) => {
      const [a, b] = [left(row, line), right(row, line)]
      return a === undefined || b === undefined ? undefined : a + b
    }
  }
  return node.op === '?:' ? conditional(node, shape, text) : undefined
}

function bool(node: ASTNode, shape: RowShape): Part<boolean> | undefined {
  switch (node.op) {
    case 'value': {
      const value = node.args
      return typeof value === 'boolean' ? () => value : undefined
    }
    case '==':
    case '!=': {
      const [left, right] = [text(node.args[0], shape), text(node.args[1], shape)]
      if (left === undefined || right === undefined) return undefined
      const whenEqual = node.op === '=='
      return (row, line) => {
        const [a, b] = [left(row, line), right(row, line)]
        return a === undefined || b === undefined ? undefined : (a === b) === whenEqual
      }
    }
    case '!_': {
      const part = bool(node.args, shape)
      return part && ((row, line) => negated(part(row, line)))
    }
    case '&&':
    case '||': {
      const [left, right] = [bool(node.args[0], shape), bool(node.args[1], shape)]
      if (left === undefined || right === undefined) return undefined
      const decides = node.op === '||'
      return (row, line) => {
        const value = left(row, line)
        return value === decides || value === undefined ? value : right(row, line)
      }
    }
    case '?:':
      return conditional(node, shape, bool)
    default:
      return undefined
  }
}

const negated = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value)

/** Milliseconds since 1970. */
function time(node: ASTNode, shape: RowShape): Part<number> | undefined {
  if (node.op === 'call' && node.args[0] === strictTimestamp) {
    const of = text(node.args[1][0], shape)
    if (of === undefined) return undefined
    if (node.args[1][0].op === 'value') {
      const constant = readAt(node.args[1][0].args)
      return () => constant
    }
    return (row, line) => readAt(of(row, line))
  }
  if (node.op !== '+') return undefined
  const [start, seconds] = [time(node.args[0], shape), wholeSeconds(node.args[1], shape)]
  if (start === undefined || seconds === undefined) return undefined
  return (row, line) => {
    const [ms, s] = [start(row, line), seconds(row, line)]
    return ms === undefined || s === undefined ? undefined : ms + s * 1000
  }
}

/** `duration(row.X + "s")`, where the text is a whole number of seconds; all other durations are left to CEL. */
function wholeSeconds(node: ASTNode, shape: RowShape): Part<number> | undefined {
  if (node.op !== 'call' || node.args[0] !== 'duration') return undefined
  const of = text(node.args[1][0], shape)
  if (of === undefined) return undefined
  return (row, line) => {
    const written = of(row, line)
    if (written === undefined || !/^\d{1,11}s$/.test(written)) return undefined
    return Number(written.slice(0, -1))
  }
}

function conditional<T>(
  node: ASTNode & { op: '?:' },
  shape: RowShape,
  branch: (node: ASTNode, shape: RowShape) => Part<T> | undefined,
): Part<T> | undefined {
  const [condition, then, otherwise] = node.args
  const parts = [bool(condition, shape), branch(then, shape), branch(otherwise, shape)] as const
  const [decide, first, second] = parts
  if (decide === undefined || first === undefined || second === undefined) return undefined
  return (row, line) => {
    const value = decide(row, line)
    return value === undefined ? undefined : value ? first(row, line) : second(row, line)
  }
}
