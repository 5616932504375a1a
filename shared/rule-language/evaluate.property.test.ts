import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RuleFault } from '#shared/domain/rule-fault'
import { closureOf, leavesOf, scope, type World } from '../../tests/support/expressions.ts'
import { checkExpression } from './check-expression.ts'

/**
 * Random expressions as text, each with its meaning in the plainest terms: int and money as bigints, absence as undefined, faults thrown.
 * The meaning is told from the language, not from the checked tree, so the checker's conversions of money are tested too.
 */
interface Sample {
  readonly text: string
  readonly type: 'bool' | 'int' | 'double' | 'string' | 2 | 3
  readonly isLiteral?: boolean
  /** Money (type 2 or 3, its decimals) in minor units. */
  readonly run: (world: World) => bigint | number | boolean | string | undefined
}

const exactMax = 2n ** 53n - 1n

const fault = (reason: string): never => {
  throw new Error(reason)
}
const exact = (value: bigint): bigint => (value > exactMax || value < -exactMax ? fault('overflow') : value)
const finite = (value: number): number => (Number.isFinite(value) ? value : fault('overflow'))
const isMoney = (type: Sample['type']): type is 2 | 3 => type === 2 || type === 3
const decimalsOf = (type: Sample['type']): number => (isMoney(type) ? type : 0)

/** A literal's exact value times 10^6, of texts with at most six decimals. */
const micros = (text: string): bigint => BigInt(Math.round(Number(text) * 1e6))

const asDouble = (value: unknown, type: Sample['type']): number => Number(value) / 10 ** decimalsOf(type)

/** Runs both operands, left first; with one absent there is no result. */
const both =
  <T>(a: Sample, b: Sample, then: (x: never, y: never) => T) =>
  (world: World): T | undefined => {
    const x = a.run(world)
    const y = b.run(world)
    return x === undefined || y === undefined ? undefined : then(x as never, y as never)
  }

const binary = (a: Sample, op: string, b: Sample, type: Sample['type'], run: Sample['run']): Sample => ({
  text: `(${a.text} ${op} ${b.text})`,
  type,
  run,
})

function difference(a: Sample, b: Sample, x: unknown, y: unknown): number {
  const sign = (value: bigint) => (value > 0n ? 1 : value < 0n ? -1 : 0)
  const isExact = (sample: Sample) => sample.type === 'int' || isMoney(sample.type)
  const scaled = (sample: Sample, value: unknown) =>
    sample.isLiteral ? micros(sample.text) : BigInt(value as bigint) * 10n ** BigInt(6 - decimalsOf(sample.type))
  const hasMoney = isMoney(a.type) || isMoney(b.type)
  if (hasMoney && (isExact(a) || a.isLiteral) && (isExact(b) || b.isLiteral)) return sign(scaled(a, x) - scaled(b, y))
  if (isExact(a) && isExact(b)) return sign((x as bigint) - (y as bigint))
  if (a.type === 'string' || a.type === 'bool') return x === y ? 0 : (x as string) < (y as string) ? -1 : 1
  return asDouble(x, a.type) - asDouble(y, b.type)
}

const comparisons: Readonly<Record<string, (d: number) => boolean>> = {
  '==': (d) => d === 0,
  '!=': (d) => d !== 0,
  '<': (d) => d < 0,
  '<=': (d) => d <= 0,
  '>': (d) => d > 0,
  '>=': (d) => d >= 0,
}

const compare = (a: Sample, op: string, b: Sample): Sample => {
  const holds = both(a, b, (x, y) => comparisons[op](difference(a, b, x, y)))
  return binary(a, op, b, 'bool', (world) => holds(world) ?? false)
}

function arithmetic(a: Sample, op: '+' | '-' | '*' | '/', b: Sample): Sample {
  const types = [a.type, b.type]
  const integers = {
    '+': (x: bigint, y: bigint) => x + y,
    '-': (x: bigint, y: bigint) => x - y,
    '*': (x: bigint, y: bigint) => x * y,
  }
  if (op !== '/' && types.every((type) => type === 'int'))
    return binary(
      a,
      op,
      b,
      'int',
      both(a, b, (x, y) => exact(integers[op](x, y))),
    )
  if ((op === '+' || op === '-') && isMoney(a.type) && isMoney(b.type)) {
    const decimals = a.type > b.type ? a.type : b.type
    const at = (value: bigint, from: number) => exact(value * 10n ** BigInt(decimals - from))
    const [da, db] = [decimalsOf(a.type), decimalsOf(b.type)]
    const run: Sample['run'] = (world) => {
      const x = a.run(world)
      const xx = x === undefined ? undefined : at(x as bigint, da)
      const y = b.run(world)
      const yy = y === undefined ? undefined : at(y as bigint, db)
      return xx === undefined || yy === undefined ? undefined : exact(integers[op](xx, yy))
    }
    return binary(a, op, b, decimals, run)
  }
  if (op === '*' && types.includes('int') && types.some(isMoney))
    return binary(
      a,
      op,
      b,
      isMoney(a.type) ? a.type : b.type,
      both(a, b, (x: bigint, y: bigint) => exact(x * y)),
    )
  const double = (x: unknown, y: unknown): number => {
    // Quotients of money are rounded once.
    if (op === '/') {
      const [dividend, divisor] =
        isMoney(a.type) && isMoney(b.type)
          ? inOneUnit(a, b, x, y)
          : isMoney(a.type) && b.type === 'int'
            ? [Number(x), Number(y) * 10 ** a.type]
            : [asDouble(x, a.type), asDouble(y, b.type)]
      return divisor === 0 ? fault('division-by-zero') : finite(dividend / divisor)
    }
    const [p, q] = [asDouble(x, a.type), asDouble(y, b.type)]
    return finite(op === '+' ? p + q : op === '-' ? p - q : p * q)
  }
  return binary(a, op, b, 'double', both(a, b, double))
}

function inOneUnit(a: Sample, b: Sample, x: unknown, y: unknown): [number, number] {
  const decimals = Math.max(decimalsOf(a.type), decimalsOf(b.type))
  const scale = (value: unknown, sample: Sample) => Number(value) * 10 ** (decimals - decimalsOf(sample.type))
  return [scale(x, a), scale(y, b)]
}

const field = (text: string, type: Sample['type']): Sample => ({
  text,
  type,
  run: (world) => {
    const value = world[text] as number | string | undefined
    if (value === undefined) return undefined
    if (type === 'bool') return value === 1
    return type === 'int' || isMoney(type) ? BigInt(value) : value
  },
})

const literal = (text: string, type: 'int' | 'double'): Sample => ({
  text,
  type,
  isLiteral: true,
  run: () => (type === 'int' ? BigInt(text) : Number(text)),
})

const numbers: fc.Arbitrary<Sample> = fc.letrec<{ number: Sample; leaf: Sample }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(
      field('n', 'int'),
      field('m', 'int'),
      field('n_1h', 'int'),
      field('x', 'double'),
      field('usual', 'double'),
      field('amount', 2),
      field('fee', 2),
      field('spend_1h', 2),
      field('dinar', 3),
    ),
    fc.constantFrom('0', '1', '2', '7', '100', '9007199254740991').map((text) => literal(text, 'int')),
    fc.constantFrom('0.0', '0.5', '2.50', '1.25', '100.10').map((text) => literal(text, 'double')),
  ),
  number: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(tie('number'), fc.constantFrom('+', '-', '*', '/'), tie('number'))
      .filter(([a, op, b]) => !(op === '/' && a.type === 'int' && b.type === 'int'))
      .map(([a, op, b]) => arithmetic(a, op as '+', b)),
    fc.tuple(tie('number')).map(([a]): Sample => {
      // A literal with a sign is still one.
      if (a.isLiteral) return { ...a, text: `-${a.text}`.replace(/^--/, ''), run: (world) => minus(a.run(world)) }
      return { text: `-${a.text}`, type: a.type, run: (world) => minus(a.run(world)) }
    }),
    fc
      .tuple(tie('number'))
      .filter(([a]) => a.type === 'int')
      .chain(([a]) =>
        fc.constantFrom(2n, 3n, -7n).map(
          (divisor): Sample => ({
            text: `(${a.text} % ${divisor})`,
            type: 'int',
            run: (world) => {
              const x = a.run(world)
              return x === undefined ? undefined : (x as bigint) % divisor
            },
          }),
        ),
      ),
  ),
})).number

const minus = (value: unknown) =>
  value === undefined ? undefined : typeof value === 'bigint' ? -value : -Number(value)

const texts: fc.Arbitrary<Sample> = fc.oneof(
  fc.constantFrom(field('channel', 'string'), field('mcc', 'string')),
  fc.constantFrom('a', 'b', '').map((text): Sample => ({ text: `"${text}"`, type: 'string', run: () => text })),
)

const conditions: fc.Arbitrary<Sample> = fc.letrec<{ condition: Sample }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.tuple(numbers, fc.constantFrom(...Object.keys(comparisons)), numbers).map(([a, op, b]) => compare(a, op, b)),
    fc.tuple(texts, fc.constantFrom(...Object.keys(comparisons)), texts).map(([a, op, b]) => compare(a, op, b)),
    fc.constantFrom(field('fraud', 'bool'), field('cardPresent', 'bool')),
    fc
      .constantFrom('n', 'amount', 'channel', 'fraud', 'usual')
      .map((name): Sample => ({ text: `has(${name})`, type: 'bool', run: (world) => world[name] !== undefined })),
    fc.tuple(tie('condition')).map(
      ([a]): Sample => ({
        text: `!${a.text}`,
        type: 'bool',
        run: (world) => {
          const value = a.run(world)
          return value === undefined ? undefined : !value
        },
      }),
    ),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition'))
      .map(([a, op, b]) =>
        binary(a, op, b, 'bool', (world) =>
          op === '&&' ? a.run(world) === true && b.run(world) === true : a.run(world) === true || b.run(world) === true,
        ),
      ),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(
      ([c, a, b]): Sample => ({
        text: `(${c.text} ? ${a.text} : ${b.text})`,
        type: 'bool',
        run: (world) => (c.run(world) === true ? a.run(world) : b.run(world)),
      }),
    ),
  ),
})).condition

const integer = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 52, 94_906_267),
)
const number = fc.oneof(
  fc.constantFrom(0, 0.5, 1, 2.5, -1.25, 1e200, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const text = fc.constantFrom('a', 'b', 'ab', '')
const flag = fc.constantFrom(0, 1)
const worlds: fc.Arbitrary<World> = fc.record(
  {
    n: integer,
    m: integer,
    n_1h: integer,
    x: number,
    usual: number,
    amount: integer,
    fee: integer,
    spend_1h: integer,
    dinar: integer,
    channel: text,
    mcc: text,
    fraud: flag,
    cardPresent: flag,
  },
  { requiredKeys: [] },
)

function plain(sample: Sample, world: World): unknown {
  try {
    const value = sample.run(world)
    return value === undefined ? 'absent' : Number(value) + 0
  } catch (error) {
    return (error as Error).message
  }
}

function compiled(closure: () => unknown): unknown {
  try {
    const value = closure()
    return Number.isNaN(value) ? 'absent' : Number(value) + 0
  } catch (error) {
    if (error instanceof RuleFault) return error.reason
    throw error
  }
}

it('closures give what the language says, whatever the expression and the values', () => {
  let judged = 0
  fc.assert(
    fc.property(fc.oneof(conditions, numbers), fc.array(worlds, { minLength: 1, maxLength: 5 }), (sample, rows) => {
      const { expression, problems } = checkExpression(sample.text, scope, 'any')
      if (expression === undefined) {
        // What always faults is told when the rule is read; so is a literal that no money can equal.
        expect(['overflow', 'division-by-zero', 'out-of-range']).toContain(problems[0].code)
        return
      }
      for (const world of rows) {
        judged++
        expect(compiled(closureOf(expression, leavesOf(world))), sample.text).toBe(plain(sample, world))
      }
    }),
    { numRuns: 3_000 },
  )
  expect(judged).toBeGreaterThan(3_000)
})
