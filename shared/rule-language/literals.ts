import { bool, double, int, string } from '#shared/domain/value-type'
import { type Checking, constant, type Value } from './checking.ts'
import { parseDecimal } from './decimal.ts'
import type { ASTNode } from './parse-expression.ts'

/** A number keeps its text's exact value, so that it can take the scale of the money that it meets. */
export function literal(checking: Checking, node: ASTNode & { op: 'value' }): Value | undefined {
  const written = checking.written(node)
  switch (typeof node.args) {
    case 'string':
      return { expression: constant(string, node.args), literal: undefined, node }
    case 'boolean':
      return { expression: constant(bool, node.args ? 1 : 0), literal: undefined, node }
    case 'number':
      return { expression: constant(double, node.args), literal: parseDecimal(written), node }
    case 'bigint': {
      const value = Number(node.args)
      if (!Number.isSafeInteger(value))
        return checking.report(node, 'out-of-range', `${written} is beyond the range of int, ±(2^53 − 1)`)
      return { expression: constant(int, value), literal: parseDecimal(written), node }
    }
    default:
      if (node.args === null)
        return checking.report(node, 'null', 'null is absence: ask for it with has()', '!has(amount)')
      if (/^\d+[uU]$/.test(written))
        return checking.report(node, 'unsupported', 'there is one kind of int', written.slice(0, -1))
      return checking.report(node, 'unsupported', 'bytes are not part of rules', written.replace(/^[bB]/, ''))
  }
}
