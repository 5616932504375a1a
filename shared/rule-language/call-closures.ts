import { powerOfTen } from '#shared/domain/money'
import { ruleFaults } from '#shared/domain/rule-fault'
import { parseDuration, parseTimestamp } from '#shared/domain/time'
import type { Closures, CollectionClosure, NumberClosure, TextClosure } from './closures.ts'
import type { Expression } from './expression.ts'
import { formatValue } from './format-value.ts'
import { timePart } from './time-parts.ts'

type Call = Extract<Expression, { op: 'call' }>

const absent = Number.NaN

/** The functions of `functions.ts` with a numeric or bool result. An absent argument makes the result absent. */
export function callNumber(closures: Closures, e: Call): NumberClosure {
  const [first, second] = e.args
  switch (e.name) {
    case 'contains':
      return textTest(closures, e, (text, part) => text.includes(part))
    case 'startsWith':
      return textTest(closures, e, (text, part) => text.startsWith(part))
    case 'endsWith':
      return textTest(closures, e, (text, part) => text.endsWith(part))
    case 'indexOf': {
      const a = closures.text(first)
      const b = closures.text(second)
      return () => {
        const text = a()
        const part = b()
        return text === undefined || part === undefined ? absent : codePointIndex(text, text.indexOf(part))
      }
    }
    case 'size':
      return size(closures, first)
    case 'abs': {
      const number = closures.number(first)
      return () => Math.abs(number())
    }
    case 'round':
      return round(closures.number(first), first)
    case 'int':
    case 'double':
    case 'bool':
    case 'timestamp':
    case 'duration':
      return conversion(closures, e.name, first)
    case 'hours': {
      const ms = closures.number(first)
      return () => ms() / 3_600_000
    }
    case 'distanceKm': {
      const [lat1, lon1, lat2, lon2] = e.args.map((arg) => closures.number(arg))
      return () => greatCircleKm(lat1(), lon1(), lat2(), lon2())
    }
    default: {
      const ms = closures.number(first)
      const zone = second?.op === 'constant' ? String(second.value) : undefined
      const part = timePart(e.name, first.type, zone)
      return () => {
        const value = ms()
        return Number.isNaN(value) ? absent : part(value)
      }
    }
  }
}

/** The functions with a text as result. */
export function callText(closures: Closures, e: Call): TextClosure {
  const [first, second, third] = e.args
  if (e.name === 'string') return asText(closures, first)
  const text = closures.text(first)
  switch (e.name) {
    case 'concat': {
      const other = closures.text(second)
      return () => {
        const a = text()
        const b = other()
        return a === undefined || b === undefined ? undefined : a + b
      }
    }
    case 'charAt':
    case 'substring': {
      const from = closures.number(second)
      const to = e.name === 'charAt' ? () => from() + 1 : third === undefined ? undefined : closures.number(third)
      return () => slice(text(), from(), to?.())
    }
    case 'lower':
      return () => text()?.toLowerCase()
    case 'upper':
      return () => text()?.toUpperCase()
    case 'lowerAscii':
      return () => text()?.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    case 'upperAscii':
      return () => text()?.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
    default:
      return () => text()?.trim()
  }
}

/** Only `+` of two lists. */
export function callCollection(closures: Closures, e: Call): CollectionClosure {
  const a = closures.collection(e.args[0])
  const b = closures.collection(e.args[1])
  return () => {
    const x = a()
    const y = b()
    return Array.isArray(x) && Array.isArray(y) ? [...x, ...y] : undefined
  }
}

function textTest(closures: Closures, e: Call, test: (text: string, part: string) => boolean): NumberClosure {
  const a = closures.text(e.args[0])
  const b = closures.text(e.args[1])
  return () => {
    const text = a()
    const part = b()
    return text === undefined || part === undefined ? absent : test(text, part) ? 1 : 0
  }
}

/** Of a text: its code points. */
function size(closures: Closures, e: Expression): NumberClosure {
  if (e.type.kind === 'string') {
    const text = closures.text(e)
    return () => {
      const value = text()
      return value === undefined ? absent : codePointIndex(value, value.length)
    }
  }
  const collection = closures.collection(e)
  return () => {
    const value = collection()
    if (value instanceof Map) return value.size
    return Array.isArray(value) ? value.length : absent
  }
}

/** Number of code points before an index; −1 stays. */
function codePointIndex(text: string, index: number): number {
  let pairs = 0
  for (let i = 0; i < index - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      pairs++
      i++
    }
  }
  return index - pairs
}

/** Places are code points; beyond the text there is nothing: absent. */
function slice(text: string | undefined, from: number, to: number | undefined): string | undefined {
  if (text === undefined || Number.isNaN(from) || Number.isNaN(to)) return undefined
  const points = Array.from(text)
  const end = to ?? points.length
  return from < 0 || from > end || end > points.length ? undefined : points.slice(from, end).join('')
}

/** Half away from zero, as CEL's `math.round`; money to whole major units. */
function round(number: NumberClosure, { type }: Expression): NumberClosure {
  if (type.kind === 'int') return number
  if (type.kind !== 'money') return () => roundHalfAway(number())
  const scale = powerOfTen[type.decimals]
  return () => exactInt(roundHalfAway(number() / scale) * scale)
}

function roundHalfAway(value: number): number {
  const size = Math.abs(value)
  const whole = Math.floor(size)
  return Math.sign(value) * (size - whole >= 0.5 ? whole + 1 : whole)
}

function exactInt(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER) throw ruleFaults.overflow
  return value
}

function conversion(
  closures: Closures,
  to: 'int' | 'double' | 'bool' | 'timestamp' | 'duration',
  e: Expression,
): NumberClosure {
  if (e.type.kind === 'string') {
    const text = closures.text(e)
    const parse = parsers[to]
    return () => {
      const value = text()
      if (value === undefined) return absent
      const parsed = parse(value)
      if (parsed === undefined) throw ruleFaults.badConversion
      return parsed
    }
  }
  const number = closures.number(e)
  if (to === 'int' && e.type.kind === 'double') return () => exactInt(Math.trunc(number()))
  if (to === 'int' && e.type.kind === 'timestamp') return () => Math.floor(number() / 1_000)
  if (to === 'timestamp' && e.type.kind === 'int') return () => fromSeconds(number())
  if (e.type.kind === 'money') {
    const scale = powerOfTen[e.type.decimals]
    return to === 'int' ? () => Math.trunc(number() / scale) : () => number() / scale
  }
  return number
}

function fromSeconds(seconds: number): number {
  if (Number.isNaN(seconds)) return absent
  const ms = parseTimestamp(seconds * 1_000)
  if (ms === undefined) throw ruleFaults.badConversion
  return ms
}

const parsers: Readonly<Record<string, (text: string) => number | undefined>> = {
  int: (text) => {
    const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : undefined
    return value !== undefined && Number.isSafeInteger(value) ? value : undefined
  },
  double: (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined
    return value !== undefined && Number.isFinite(value) ? value : undefined
  },
  bool: (text) => (trueTexts.has(text) ? 1 : falseTexts.has(text) ? 0 : undefined),
  timestamp: parseTimestamp,
  duration: (text) => {
    const ms = parseDuration(text.replace(/^-/, ''))
    return ms !== undefined && text.startsWith('-') ? -ms : ms
  },
}

const trueTexts: ReadonlySet<string> = new Set(['1', 't', 'true', 'TRUE', 'True'])
const falseTexts: ReadonlySet<string> = new Set(['0', 'f', 'false', 'FALSE', 'False'])

function asText(closures: Closures, e: Expression): TextClosure {
  if (e.type.kind === 'string') return closures.text(e)
  const number = closures.number(e)
  const { type } = e
  return () => {
    const value = number()
    return Number.isNaN(value) ? undefined : formatValue(value, type)
  }
}

/** Mean radius of the earth (IUGG). */
const earthRadiusKm = 6371.0088

/** Haversine: off by up to 0.5 % since the earth is no sphere. */
function greatCircleKm(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const half = Math.PI / 360
  const lat = Math.sin((lat2 - lat1) * half)
  const lon = Math.sin((lon2 - lon1) * half)
  const chord = lat * lat + Math.cos(lat1 * 2 * half) * Math.cos(lat2 * 2 * half) * lon * lon
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, chord)))
}
