import { parseSync } from 'oxc-parser'
import { worldNames } from './layer-table.ts'

/** One import in any of its forms; `specifier` is null where it is computed, so that it cannot be checked. */
export interface ImportUse {
  readonly specifier: string | null
  readonly line: number
}

/** A use of something that reads the world or turns text into code. */
export interface ForbiddenUse {
  readonly name: string
  readonly line: number
  readonly remedy: string
  readonly where: 'everywhere' | 'in pure folders'
}

export interface SourceFile {
  readonly imports: ReadonlyArray<ImportUse>
  readonly forbidden: ReadonlyArray<ForbiddenUse>
  readonly syntaxErrors: ReadonlyArray<string>
}

/** What the checker needs of a syntax node: its kind, its place, its children by name. */
interface Node {
  readonly type: string
  readonly start: number
  readonly [child: string]: unknown
}

interface Collected {
  readonly imports: ImportUse[]
  readonly forbidden: ForbiddenUse[]
  readonly lineOf: (offset: number) => number
}

/** Reads one source file: a real parser, because text in comments and strings must neither hide nor fake an import. */
export function readSource(path: string, text: string): SourceFile {
  const parsed = parseSync(path, text)
  const starts = lineStarts(text)
  const collected: Collected = { imports: [], forbidden: [], lineOf: (offset) => lineAt(starts, offset) }
  visit(parsed.program as unknown as Node, null, '', collected)
  const { imports, forbidden } = collected
  return { imports, forbidden, syntaxErrors: parsed.errors.map((error) => error.message) }
}

function visit(node: Node, parent: Node | null, role: string, to: Collected): void {
  collectImport(node, to)
  collectForbidden(node, parent, role, to)
  for (const [name, child] of Object.entries(node)) {
    for (const item of Array.isArray(child) ? child : [child]) {
      if (isNode(item)) visit(item, node, name, to)
    }
  }
}

function collectImport(node: Node, to: Collected): void {
  const source = importedFrom(node)
  if (source !== null) to.imports.push({ specifier: literalText(source), line: to.lineOf(node.start) })
}

/** The node that names what is imported, or null if this is no import. */
function importedFrom(node: Node): Node | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return isNode(node['source']) ? node['source'] : null
    case 'TSExternalModuleReference':
      return node['expression'] as Node
    case 'CallExpression': {
      const first = (node['arguments'] as ReadonlyArray<Node>)[0]
      return isRequire(node['callee'] as Node) && first !== undefined ? first : null
    }
    default:
      return null
  }
}

/** `require(...)` and `require.resolve(...)`. */
function isRequire(callee: Node): boolean {
  const target = callee.type === 'MemberExpression' ? (callee['object'] as Node) : callee
  return target.type === 'Identifier' && target['name'] === 'require'
}

function literalText(node: Node): string | null {
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node.type !== 'TemplateLiteral') return null
  const quasis = node['quasis'] as ReadonlyArray<{ value: { cooked: string } }>
  return quasis.length === 1 ? quasis[0].value.cooked : null
}

function collectForbidden(node: Node, parent: Node | null, role: string, to: Collected): void {
  const line = to.lineOf(node.start)
  if (node.type === 'MetaProperty' && (node['meta'] as Node)['name'] === 'import') {
    to.forbidden.push({ name: 'import.meta', line, where: 'in pure folders', remedy: 'pass the path or data in' })
  }
  if (node.type !== 'Identifier' || parent === null || isOnlyAName(parent, role)) return
  const name = node['name'] as string
  if (name === 'eval' || name === 'Function') {
    const remedy = 'build closures from data: text never becomes code here'
    to.forbidden.push({ name: name === 'eval' ? name : 'new Function', line, where: 'everywhere', remedy })
  } else if (name === 'Date' && !isTimelessDate(parent, role)) {
    const remedy = 'take the time as an argument (milliseconds since the epoch)'
    to.forbidden.push({ name: dateUse(parent), line, where: 'in pure folders', remedy })
  } else if (name === 'Math' && !isSafeMath(parent)) {
    const remedy = 'take a seeded generator as an argument'
    to.forbidden.push({ name: 'Math.random', line, where: 'in pure folders', remedy })
  } else if (Object.hasOwn(worldNames, name)) {
    to.forbidden.push({ name, line, where: 'in pure folders', remedy: worldNames[name] })
  }
}

/** A property, a key, a type: it is called so, but it is not the global. */
function isOnlyAName(parent: Node, role: string): boolean {
  if (parent.type === 'MemberExpression') return role === 'property' && parent['computed'] === false
  if (parent.type === 'ImportSpecifier') return role === 'imported'
  if (parent.type === 'ExportSpecifier') return role === 'exported'
  if (role === 'key') return parent['computed'] !== true
  // `typeof process.env` as a type names the value, so it is not a mere name.
  if (parent.type === 'TSTypeQuery' || (parent.type === 'TSQualifiedName' && role === 'left')) return false
  return parent.type.startsWith('TS') && !castsValue(parent, role)
}

/** `x as T`, `x!`, `<T>x`, `x satisfies T`: syntax of types around a value. */
function castsValue(parent: Node, role: string): boolean {
  return role === 'expression' && parent.type !== 'TSInterfaceHeritage' && parent.type !== 'TSClassImplements'
}

/** The uses of `Date` that need no clock: a given instant, arithmetic on one, and the class itself in `instanceof`. */
function isTimelessDate(parent: Node, role: string): boolean {
  if (role === 'callee')
    return parent.type === 'NewExpression' && (parent['arguments'] as ReadonlyArray<Node>).length > 0
  if (role === 'object') return ['UTC', 'parse'].includes(memberName(parent))
  return role === 'right' && parent['operator'] === 'instanceof'
}

function dateUse(parent: Node): string {
  if (parent.type === 'NewExpression') return 'new Date()'
  return parent.type === 'MemberExpression' && memberName(parent) !== '' ? `Date.${memberName(parent)}` : 'Date'
}

/** `Math` by itself could be asked for anything, so only its members by name are allowed, and not `random`. */
function isSafeMath(parent: Node): boolean {
  return parent.type === 'MemberExpression' && !['random', ''].includes(memberName(parent))
}

/** The member's name; empty where it is computed at run time. */
function memberName(member: Node): string {
  const property = member['property'] as Node
  return member['computed'] === true ? (literalText(property) ?? '') : (property['name'] as string)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

function lineStarts(text: string): ReadonlyArray<number> {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

function lineAt(starts: ReadonlyArray<number>, offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle] <= offset) low = middle
    else high = middle - 1
  }
  return low + 1
}
