import { RuleFault } from '#shared/domain/rule-fault'
import { bool, type ValueType } from '#shared/domain/value-type'
import { checkCall } from './check-call.ts'
import { aType, type Checking, checkAll, constant, isNumber, type Reference, type Value } from './checking.ts'
import { type ExpressionProblem, nearest } from './diagnostic.ts'
import { constantValue } from './evaluate.ts'
import { type Comparison, type Expression, operands } from './expression.ts'
import { listLiteral, membership } from './lists.ts'
import { literal } from './literals.ts'
import {
  isDeclared,
  type Names,
  namesOf,
  pathsBelow,
  reportNoValue,
  resolveIndex,
  resolveMember,
  resolveName,
  resolvePath,
} from './names.ts'
import { type Arithmetic, arithmetic, commonUnit, comparison, negate } from './operators.ts'
import { type ASTNode, type Parsed, parseExpression } from './parse-expression.ts'
import type { Scope } from './scope.ts'
import { type SourceRange, wholeRange } from './source-range.ts'

/** `bool`: a condition. `number`: int, double or money. `scalar`: neither list nor map. */
export type Expected = 'bool' | 'number' | 'scalar' | 'any'

export type CheckedExpression =
  | { readonly expression: Expression; readonly problems?: undefined }
  | { readonly problems: readonly ExpressionProblem[]; readonly expression?: undefined }

/**
 * Parses CEL and checks it against the names in scope.
 * @returns the typed tree with its constants computed, or all problems that can be told at once, in order of their place
 *
 * Never throws, whatever the text; costs at most `limits.expressionNodesMax` nodes.
 * Gotcha: the tree is only valid for the scope's schema, features, steps and lists, since names became numbers.
 */
export function checkExpression(text: string, scope: Scope, expected: Expected): CheckedExpression {
  const names = namesOf(scope)
  const parsed = parseExpression(text, (word) => isDeclared(names, word))
  if (parsed.tree === undefined) return { problems: parsed.problems }
  const checker = new Checker(scope, names, parsed)
  const value = checker.check(parsed.tree)
  if (value !== undefined) checker.expect(value, expected)
  const problems = [...parsed.problems, ...checker.problems]
  if (problems.length === 0 && value !== undefined) return { expression: value.expression }
  return { problems: problems.sort((a, b) => a.start - b.start || a.end - b.end) }
}

class Checker implements Checking {
  readonly scope: Scope
  readonly problems: ExpressionProblem[] = []
  readonly #names: Names
  readonly #parsed: Parsed
  readonly #variables: { readonly name: string; readonly type: ValueType }[] = []

  constructor(scope: Scope, names: Names, parsed: Parsed) {
    this.scope = scope
    this.#names = names
    this.#parsed = parsed
  }

  check(node: ASTNode): Value | undefined {
    const reference = this.resolve(node)
    if (reference === undefined) return undefined
    return reference.kind === 'value' ? reference.value : reportNoValue(this, node, reference)
  }

  resolve(node: ASTNode): Reference | undefined {
    switch (node.op) {
      case 'id':
        return this.#variable(node, node.args) ?? resolveName(this, this.#names, node, node.args)
      case '.': {
        const base = this.resolve(node.args[0])
        return base && resolveMember(this, this.#names, node, base, node.args[1])
      }
      case '[]': {
        const base = this.resolve(node.args[0])
        return base && resolveIndex(this, node, base, node.args[1])
      }
      case 'call':
        return checkCall(this, node, 'function', node.args[0], node.args[1])
      case 'rcall':
        return checkCall(this, node, 'method', node.args[0], [node.args[1], ...node.args[2]])
      default: {
        const value = this.#operation(node)
        return value && { kind: 'value', value }
      }
    }
  }

  expect({ expression: { type }, node }: Value, expected: Expected): void {
    if (expected === 'bool' && type.kind !== 'bool')
      this.report(
        node,
        'type-mismatch',
        `a condition is needed here, not ${aType(type)}`,
        conditionHint(this.written(node), type),
      )
    if (expected === 'number' && !isNumber(type))
      this.report(node, 'type-mismatch', `a number is needed here, not ${aType(type)}`)
    if (expected === 'scalar' && (type.kind === 'list' || type.kind === 'map'))
      this.report(node, 'type-mismatch', `a single value is needed here, not ${aType(type)}`)
  }

  report(node: SourceRange, code: string, message: string, hint?: string): undefined {
    const whole = wholeRange(this.#parsed.text, node)
    this.problems.push({ ...this.#parsed.place(whole), code, message, hint })
    return undefined
  }

  written(node: SourceRange): string {
    const { start, end } = wholeRange(this.#parsed.text, node)
    return this.#parsed.text.slice(start, end)
  }

  operand(node: ASTNode): string {
    const text = this.written(node)
    return binding.has(node.op) ? `(${text})` : text
  }

  value(node: ASTNode, expression: Expression): Value | undefined {
    const parts = operands(expression)
    if (parts.length === 0 || !parts.every(({ op }) => op === 'constant') || expression.op === 'in-list')
      return { expression, literal: undefined, node }
    try {
      const value = constantValue(expression)
      return {
        expression: value === undefined ? expression : constant(expression.type, value),
        literal: undefined,
        node,
      }
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error
      return this.#reportFault(node, expression, error)
    }
  }

  fieldsBelow(path: string): readonly string[] {
    return pathsBelow(this.#names, path)
  }

  fieldOf(node: ASTNode, path: string, element: Parameters<Checking['fieldOf']>[2]): Value | undefined {
    const found = resolvePath(this, this.#names, node, path, element)
    return found !== undefined && found !== 'unknown' && found.kind === 'value' ? found.value : undefined
  }

  withVariable<T>(name: string, type: ValueType, body: (variable: number) => T): T {
    this.#variables.push({ name, type })
    try {
      return body(this.#variables.length - 1)
    } finally {
      this.#variables.pop()
    }
  }

  #variable(node: ASTNode, name: string): Reference | undefined {
    const variable = this.#variables.findLastIndex((candidate) => candidate.name === name)
    if (variable < 0) return undefined
    const { type } = this.#variables[variable]
    return { kind: 'value', value: { expression: { op: 'variable', type, variable }, literal: undefined, node } }
  }

  #operation(node: ASTNode): Value | undefined {
    switch (node.op) {
      case 'value':
        return literal(this, node)
      case 'list':
        return listLiteral(this, node, node.args)
      case '!_':
        return this.#not(node, node.args)
      case '-_': {
        const operand = this.check(node.args)
        return operand && negate(this, node, operand)
      }
      case '&&':
      case '||':
        return this.#logic(node, node.op === '&&' ? 'and' : 'or', node.args)
      case '?:':
        return this.#conditional(node, node.args)
      case 'in':
        return membership(this, node, node.args)
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#comparison(node, node.op, node.args)
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        return this.#arithmetic(node, node.op, node.args)
      default:
        return this.report(node, 'unsupported', 'a map or an optional is not part of rules', undefined)
    }
  }

  #not(node: ASTNode, argument: ASTNode): Value | undefined {
    const operand = this.#condition(argument)
    return operand && this.value(node, { op: 'not', type: bool, args: [operand.expression] })
  }

  #logic(node: ASTNode, op: 'and' | 'or', [a, b]: readonly [ASTNode, ASTNode]): Value | undefined {
    const left = this.#condition(a)
    const right = this.#condition(b)
    return left && right && this.value(node, { op, type: bool, args: [left.expression, right.expression] })
  }

  #conditional(node: ASTNode, [c, a, b]: readonly [ASTNode, ASTNode, ASTNode]): Value | undefined {
    const condition = this.#condition(c)
    const values = checkAll(this, [a, b])
    if (values === undefined) return undefined
    const pair = commonUnit(this, node, values[0], values[1], 'keep')
    if (pair === undefined || condition === undefined) return undefined
    const type = pair[0].type.kind === 'int' ? pair[1].type : pair[0].type
    return this.value(node, { op: 'conditional', type, args: [condition.expression, ...pair] })
  }

  #condition(node: ASTNode): Value | undefined {
    const value = this.check(node)
    if (value === undefined || value.expression.type.kind === 'bool') return value
    const { type } = value.expression
    return this.report(
      node,
      'type-mismatch',
      `a condition is needed here, not ${aType(type)}`,
      conditionHint(this.written(node), type),
    )
  }

  #comparison(node: ASTNode, op: Comparison, [a, b]: readonly [ASTNode, ASTNode]): Value | undefined {
    const other = isNull(a) ? b : isNull(b) ? a : undefined
    if (other !== undefined) {
      const asked = `has(${this.written(other)})`
      if (!isNull(other)) this.check(other)
      return this.report(node, 'null', 'a comparison with what is absent is false', op === '==' ? `!${asked}` : asked)
    }
    const values = checkAll(this, [a, b])
    if (values === undefined) return undefined
    this.#checkEventType(values[0], values[1])
    this.#checkEventType(values[1], values[0])
    return comparison(this, node, op, values[0], values[1])
  }

  /** `type == "transfr"` could never be true. */
  #checkEventType({ expression }: Value, { expression: name, node }: Value): void {
    if (expression.op !== 'envelope' || expression.name !== 'type') return
    if (name.op !== 'constant' || typeof name.value !== 'string') return
    const types = this.scope.events.types.map((type) => type.name)
    if (types.includes(name.value)) return
    const near = nearest(name.value, types)
    const hint = near === undefined ? undefined : `"${near}"`
    this.report(node, 'unknown-event-type', `there is no event type \`${name.value}\``, hint)
  }

  #arithmetic(node: ASTNode, op: Arithmetic, nodes: readonly [ASTNode, ASTNode]): Value | undefined {
    const values = checkAll(this, nodes)
    return values && arithmetic(this, node, op, values[0], values[1])
  }

  #reportFault(node: ASTNode, expression: Expression, { reason }: RuleFault): undefined {
    if (reason !== 'bad-conversion' || expression.op !== 'call')
      return this.report(node, reason, `this always fails: ${reason.replaceAll('-', ' ')}`)
    const [argument] = expression.args
    const text = argument.op === 'constant' ? String(argument.value) : ''
    const hint =
      expression.name === 'duration'
        ? 'duration("1h30m")'
        : expression.name === 'timestamp'
          ? 'timestamp("2026-03-01T12:00:00Z")'
          : undefined
    return this.report(node, 'bad-literal', `\`${text}\` is no ${expression.name}`, hint)
  }
}

/** Operations that need parentheses as an operand of another. */
const binding: ReadonlySet<string> = new Set([
  '?:',
  '||',
  '&&',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  '+',
  '-',
  '*',
  '/',
  '%',
])

const isNull = (node: ASTNode): boolean => node.op === 'value' && node.args === null

function conditionHint(text: string, type: ValueType): string | undefined {
  if (type.kind === 'int' || type.kind === 'money' || type.kind === 'double') return `${text} > 0`
  return type.kind === 'string' ? `${text} == "…"` : undefined
}
