import type { ASTNode } from '@marcbachmann/cel-js'

/** The column of `row.COLUMN` or `row["COLUMN"]`. */
export function columnOf(node: ASTNode): string | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [of, member] = node.args
  if (of.op !== 'id' || of.args !== 'row') return undefined
  if (typeof member === 'string') return member
  return member.op === 'value' && typeof member.args === 'string' ? member.args : undefined
}

/** What `timestamp` is called once the tree is checked; its own function may not be replaced. */
export const strictTimestamp = 'timestampOfRfc3339'

/** Calls back for each node, parents first; where it says false, not for those below. */
export function visit(node: unknown, callback: (node: ASTNode) => boolean): void {
  if (Array.isArray(node)) for (const part of node) visit(part, callback)
  else if (isNode(node) && callback(node)) visit(node.args, callback)
}

const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value
