import type { Taken } from '../judge.ts'
import type { VectorEvent } from '../vector-format.ts'

/** What an expression sees: the event being judged, and by the names of steps what the run has taken. */
export interface Sight {
  readonly event: VectorEvent
  readonly steps: readonly string[]
  readonly taken: Taken
  readonly at: (position: number) => VectorEvent
}

type Value = number | string | boolean | undefined
export type Expression = (sight: Sight) => Value

const tokenPattern = /\s*("[^"]*"|\d+(?:\.\d+)?|[A-Za-z_]\w*|==|<=|>=|&&|\|\||[<>+().[\]])/y

/** Reads the subset of CEL that occurs in the vectors; their README lists it. Throws where a text is beyond it. */
export function readExpression(text: string): Expression {
  const reader = new Reader(tokens(text))
  const expression = reader.either()
  reader.expect('')
  return expression
}

function tokens(text: string): string[] {
  const found: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const token = tokenPattern.exec(text)?.[1]
    if (token === undefined) throw new Error(`cannot read the expression: ${text}`)
    found.push(token)
  }
  return found
}

class Reader {
  private readonly rest: string[]

  constructor(all: string[]) {
    this.rest = all
  }

  either(): Expression {
    const left = this.all()
    if (!this.accept('||')) return left
    const right = this.either()
    return (sight) => left(sight) === true || right(sight) === true
  }

  expect(token: string): void {
    if ((this.rest.shift() ?? '') !== token) throw new Error(`"${token}" expected`)
  }

  private accept(token: string): boolean {
    if (this.rest[0] !== token) return false
    this.rest.shift()
    return true
  }

  private all(): Expression {
    const left = this.comparison()
    if (!this.accept('&&')) return left
    const right = this.all()
    return (sight) => left(sight) === true && right(sight) === true
  }

  private comparison(): Expression {
    const left = this.sum()
    const operator = this.rest[0]
    const compare = comparisons[operator]
    if (compare === undefined) return left
    this.rest.shift()
    const right = this.sum()
    return (sight) => compare(left(sight) as number, right(sight) as number)
  }

  private sum(): Expression {
    let sum = this.operand()
    while (this.accept('+')) {
      const left = sum
      const right = this.operand()
      sum = (sight) => (left(sight) as number) + (right(sight) as number)
    }
    return sum
  }

  private operand(): Expression {
    const token = this.rest.shift() ?? ''
    if (token === '(') {
      const inner = this.either()
      this.expect(')')
      return inner
    }
    if (token.startsWith('"')) return () => token.slice(1, -1)
    if (/^\d/.test(token)) return () => Number(token)
    if (token === 'true') return () => true
    if (token === 'e') return this.field()
    if (this.accept('(')) return this.call(token)
    this.expect('[')
    const index = Number(this.rest.shift())
    this.expect(']')
    const price = this.fieldName()
    return ({ steps, taken, at }) => at(taken.position(steps.indexOf(token), index))[price] as Value
  }

  private field(): Expression {
    const field = this.fieldName()
    if (!this.accept('.')) return ({ event }) => event[field] ?? undefined
    const method = this.rest.shift()
    this.expect('(')
    const part = (this.rest.shift() ?? '').slice(1, -1)
    this.expect(')')
    return method === 'contains'
      ? ({ event }) => String(event[field]).includes(part)
      : ({ event }) => String(event[field]).startsWith(part)
  }

  private fieldName(): keyof VectorEvent {
    this.expect('.')
    const name = this.rest.shift() as keyof VectorEvent
    return name
  }

  private call(name: string): Expression {
    if (this.accept(')')) return ({ event }) => event.now
    const step = this.rest.shift() ?? ''
    const field = name === 'sum' ? this.fieldName() : undefined
    this.expect(')')
    return ({ steps, taken, at }) => {
      const number = steps.indexOf(step)
      const count = taken.count(number)
      if (field === undefined) return count
      const positions = new Uint32Array(count)
      taken.positions(number, positions)
      return positions.reduce((sum, position) => sum + (at(position)[field] as number), 0)
    }
  }
}

const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
}
