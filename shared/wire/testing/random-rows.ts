import type { EventSchema, EventType } from '#shared/domain/event-schema'
import type { ValueType } from '#shared/domain/value-type'
import type { Tape } from './tape.ts'

/** JSON text of a row that is mostly an event of the schema, spelled in every way that JSON has. */
export function randomRow(tape: Tape, schema: EventSchema): string {
  tape.isCalm = tape.below(3) > 0
  const type = tape.pick(schema.types)
  const tree = treeOf(schema, type)
  const members = [
    member(tape, 'id', tape.chance(4) ? numberText(tape, true) : idText(tape)),
    member(tape, 'at', timeText(tape)),
    ...(type.name === 'transaction' && tape.chance(2) ? [] : [member(tape, 'type', typeText(tape, type.name))]),
    ...treeMembers(tape, tree),
  ]
  return `${space(tape)}${objectText(tape, members)}${space(tape)}`
}

type Tree = Map<string, Tree | { readonly type: ValueType; readonly optional: boolean }>

function treeOf(schema: EventSchema, type: EventType): Tree {
  const root: Tree = new Map()
  for (const { field, optional } of type.fields) {
    const parts = schema.fields[field].path.split('.')
    const last = parts.pop() ?? ''
    let tree = root
    for (const part of parts) {
      const inner = tree.get(part)
      if (inner instanceof Map) tree = inner
      else {
        const made: Tree = new Map()
        tree.set(part, made)
        tree = made
      }
    }
    tree.set(last, { type: schema.fields[field].type, optional })
  }
  return root
}

function treeMembers(tape: Tape, tree: Tree): string[] {
  const members: string[] = []
  for (const [name, inner] of tree) {
    const isGroup = inner instanceof Map
    const mayLack = !isGroup && inner.optional
    if (mayLack ? tape.chance(4) : tape.odd(30)) continue
    if (mayLack ? tape.chance(6) : tape.odd(40)) members.push(member(tape, name, 'null'))
    else
      members.push(
        member(tape, name, isGroup ? objectText(tape, treeMembers(tape, inner)) : valueText(tape, inner.type)),
      )
  }
  return members
}

function objectText(tape: Tape, members: readonly string[]): string {
  const all = [...members]
  if (tape.isCalm ? tape.chance(6) : tape.chance(3)) all.push(member(tape, tape.pick(unknownNames), anyText(tape, 3)))
  if (all.length > 0 && tape.odd(20)) all.push(tape.pick(all))
  const ordered = tape.chance(3) ? tape.shuffled(all) : all
  return `{${space(tape)}${ordered.join(`${space(tape)},${space(tape)}`)}${space(tape)}}`
}

const unknownNames = ['x', 'account_', 'receivedAt', 'Type', '', 'ñandú', 'a\u0000', 'x"y', '__proto__', 'a'.repeat(40)]

const member = (tape: Tape, name: string, value: string): string =>
  `${textOf(tape, name)}${space(tape)}:${space(tape)}${value}`

const space = (tape: Tape): string => (tape.chance(16) ? tape.pick([' ', '\n', '\t', '\r', '  \t ']) : '')

function valueText(tape: Tape, type: ValueType): string {
  if (tape.odd(60)) return anyText(tape, 2)
  switch (type.kind) {
    case 'string':
      return textOf(tape, tape.pick(tape.isCalm ? calmTexts : texts))
    case 'bool':
      return tape.pick(['true', 'false'])
    case 'timestamp':
      return timeText(tape)
    case 'duration':
      return tape.chance(2)
        ? tape.pick(tape.isCalm ? ['"1h30m"', '"5s"'] : ['"1h30m"', '"5s"', '""', '"1x"', '"\\u0035s"'])
        : numberText(tape)
    case 'money':
      return tape.odd(4)
        ? tape.pick(['"12.30"', '"-0.05"', '"1e2"', '"12.345"', '"é"', '"0"'])
        : numberText(tape, type.decimals === 0)
    case 'list':
      return `[${tape.list(3, () => valueText(tape, type.element)).join()}]`
    case 'map':
      return objectText(
        tape,
        tape.list(3, () => member(tape, tape.pick(['a', 'b', '__proto__']), valueText(tape, type.value))),
      )
    default:
      return numberText(tape, type.kind === 'int')
  }
}

const calmTexts = ['A', 'CH', 'acc_0000565779', 'SHOP 81013 ZURICH', 'Bäckerei Zürich', 'abc', 'abcd', 'A'.repeat(33)]
const texts = [
  'A',
  'CH',
  'acc_0000565779',
  'SHOP 81013 ZURICH',
  'Bäckerei Zürich',
  '',
  'abc',
  'abcd',
  '😀',
  '\ufffd',
  'x'.repeat(256),
  'é'.repeat(129),
  'line\nend',
  'a"b\\c',
  '\u007f',
  '\ud800',
  '\u2028',
]

const idText = (tape: Tape): string => (tape.odd(4) ? textOf(tape, tape.pick(texts)) : `"tx-${tape.below(1000)}"`)

const typeText = (tape: Tape, name: string): string =>
  tape.odd(24) ? tape.pick(['null', '"transactio"', '5', '""', '"transaction"', '{}']) : textOf(tape, name)

/** A string of JSON, now and then with escapes that it does not need. */
function textOf(tape: Tape, text: string): string {
  const plain = JSON.stringify(text)
  if (!tape.odd(40)) return plain
  const unit = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  const odd = ['\\u0041', '\\ud83d\\ude00', '\\ud83d', '\\/', '\\x', '\\u12g4', '\t', '\\']
  if (tape.chance(2)) return `"${[...text.split('')].map(unit).join('')}"`
  return `${plain.slice(0, -1)}${tape.pick(odd)}"`
}

function numberText(tape: Tape, isWhole = false): string {
  if (isWhole && (tape.isCalm || tape.below(3) > 0)) return `${tape.below(65_536)}`
  switch (tape.below(tape.isCalm ? 4 : 8)) {
    case 6:
      return tape.pick(numbers)
    case 7: {
      const digits = (max: number): string => `${tape.below(10)}${tape.list(max, () => tape.below(10)).join('')}`
      return `${tape.chance(3) ? '-' : ''}${digits(20)}${tape.chance(2) ? `.${digits(14)}` : ''}`
    }
    case 5:
      return `${tape.below(2000)}`
    case 4:
      return `-${tape.below(2000)}.${tape.below(100)}`
    default:
      return `${tape.below(65_536)}.${tape.below(10)}${tape.below(10)}`
  }
}

const numbers = [
  '0',
  '-0',
  '-0.0',
  '0.0',
  '1.0',
  '1.500',
  '1e2',
  '1E+2',
  '12e-1',
  '1e400',
  '01',
  '00',
  '-',
  '-01',
  '1.',
  '.5',
  '+1',
  '1e',
  '0x1',
  'NaN',
  'Infinity',
  '1_000',
  '0.1',
  '0.30000000000000004',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '999999999999999',
  '99999999999999.9',
  '9999999999999.99',
  '80000000000000.1',
  '1234567890123456',
  '123456789012345.6',
  '0.000000000000001',
  '5e-324',
  '123456.123456789',
]

function timeText(tape: Tape): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  if (tape.isCalm && tape.chance(2))
    return `"2026-03-0${1 + tape.below(2)}T12:0${tape.below(3)}:${two(tape.below(60))}${tape.pick(['', '.123'])}Z"`
  switch (tape.isCalm ? 4 : tape.below(6)) {
    case 5:
      return tape.pick(times)
    case 4:
      return `${1_767_225_600_000 + tape.below(65_536)}`
    case 3:
      return `"2026-${two(tape.below(14))}-${two(tape.below(33))}T${two(tape.below(26))}:${two(tape.below(62))}:${two(tape.below(62))}Z"`
    default: {
      const fraction = tape.pick(['', '.123', '.000', '.5', '.1234', '.12', '.1a3'])
      return `"2026-03-01T12:0${tape.below(3)}:${two(tape.below(62))}${fraction}${tape.pick(['Z', 'Z', 'Z', '+01:00', 'z', '', ' '])}"`
    }
  }
}

const times = [
  '0',
  '-1',
  '-0',
  '1.5',
  '1.0',
  '7258118399999',
  '7258118400000',
  '"2026-03-01t12:00:00Z"',
  '"2026-03-01T12:00Z"',
  '"2026-03-01T12:00:000000Z"',
  '"2026-03-01T12:00:00+1:00Z"',
  '"1970-01-01T00:00:00Z"',
  '"1969-12-31T23:59:59Z"',
  '"2199-12-31T23:59:59.999Z"',
  '"2200-01-01T00:00:00Z"',
  '"2024-02-29T00:00:00Z"',
  '"2023-02-29T00:00:00Z"',
  '"1767225600000"',
  '""',
]

/** Any value of JSON, and some that are none. */
function anyText(tape: Tape, levels: number): string {
  switch (tape.below(levels > 0 ? 8 : 6)) {
    case 0:
      return 'null'
    case 1:
      return tape.pick(['true', 'false', 'tru', 'nulll', 'falsey', 'undefined', 'True'])
    case 2:
      return numberText(tape)
    case 3:
      return timeText(tape)
    case 4:
      return textOf(tape, tape.pick(texts))
    case 5:
      return tape.chance(8) ? '['.repeat(tape.below(20)) + ']'.repeat(tape.below(20)) : '[]'
    case 6:
      return `[${space(tape)}${tape.list(3, () => anyText(tape, levels - 1)).join(`${space(tape)},${space(tape)}`)}${space(tape)}]`
    default:
      return objectText(
        tape,
        tape.list(2, () => member(tape, tape.pick(unknownNames), anyText(tape, levels - 1))),
      )
  }
}
