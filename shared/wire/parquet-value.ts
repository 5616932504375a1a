import { isUtf8 } from 'node:buffer'
import { type FileMetaData, type ParquetParsers, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet'

type Read = (value: unknown) => unknown

/** Stands for a text that is not UTF-8. */
export const badText = Symbol('not UTF-8')

/**
 * How to bring values of each column into the form that CEL has for them: integers as bigint, times as Date, text as string.
 *
 * Decimals are taken apart before the library can multiply them by 0.01, which makes 4.35 of them 4.3500000000000005: up to 15 digits
 * they become the number that JSON would have, beyond that their decimal text. A 32-bit float becomes the shortest decimal that it is
 * the nearest float of, since 12.3 is what was meant by it.
 *
 * Gotcha: takes the decimal annotations out of `metadata`, so call it once, and before anything is read.
 */
export function columnReaders(metadata: FileMetaData): ReadonlyMap<string, Read> {
  const readers = new Map(
    parquetSchema(metadata).children.map((column) => [column.element.name, reader(column)] as const),
  )
  for (const element of metadata.schema) if (element.converted_type === 'DECIMAL') delete element.converted_type
  return readers
}

/** @param onBadText is called before a `badText` is handed out */
export const parquetParsers = (onBadText: () => void): Partial<ParquetParsers> => {
  const text = (bytes: Uint8Array): string | symbol => {
    if (isUtf8(bytes)) return toText(bytes)
    onBadText()
    return badText
  }
  return {
    stringFromBytes: (bytes) => bytes && text(bytes),
    jsonFromBytes: (bytes) => bytes && jsonOrText(text(bytes)),
  }
}

function jsonOrText(text: string | symbol): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : text
  } catch {
    return text
  }
}

const toText = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()

function reader(node: SchemaTree): Read {
  const one = node.children.length === 0 ? scalarReader(node.element) : groupReader(node)
  const read: Read = (value) => (value === null || value === undefined ? undefined : one(value))
  return node.element.repetition_type === 'REPEATED' ? listOf(read) : read
}

const listOf =
  (read: Read): Read =>
  (value) =>
    Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<unknown>, read) : value

function groupReader({ element, children }: SchemaTree): Read {
  const kind = element.logical_type?.type ?? element.converted_type
  const [inner] = children
  if (kind === 'LIST') {
    // `list.element` in new files, the element itself in old ones.
    const item = inner.children.length === 1 ? inner.children[0] : inner
    return listOf(item.children.length === 0 ? nullable(scalarReader(item.element)) : nullable(groupReader(item)))
  }
  if (kind === 'MAP' || kind === 'MAP_KEY_VALUE') return membersOf(() => reader(inner.children[1]))
  if (kind === 'VARIANT') return (value) => value
  const members = new Map(children.map((child) => [child.element.name, reader(child)]))
  return membersOf((name) => members.get(name) ?? ((value) => value))
}

const nullable =
  (read: Read): Read =>
  (value) =>
    value === null || value === undefined ? null : read(value)

const membersOf =
  (readerOf: (name: string) => Read): Read =>
  (value) => {
    const object: Record<string, unknown> = Object.create(null)
    for (const [name, member] of Object.entries(value as object)) object[name] = readerOf(name)(member)
    return object
  }

function scalarReader(element: SchemaElement): Read {
  const { type, converted_type: annotation, logical_type: logical } = element
  if (annotation === 'DECIMAL') return decimalReader(element.precision ?? 0, element.scale ?? 0)
  if (type === 'FLOAT') return (value) => shortestOfFloat(value as number)
  const isTime = annotation === 'DATE' || annotation?.startsWith('TIMESTAMP') || logical?.type === 'TIMESTAMP'
  if ((type === 'INT32' || type === 'INT64') && !isTime)
    return (value) => (typeof value === 'number' ? BigInt(value) : value)
  return (value) => (value instanceof Uint8Array && isUtf8(value) ? toText(value) : value)
}

function decimalReader(precision: number, scale: number): Read {
  const divisor = 10 ** scale
  return (value) => {
    const unscaled = value instanceof Uint8Array ? bigEndian(value) : BigInt(value as number | bigint)
    return precision <= 15 ? Number(unscaled) / divisor : decimalText(unscaled, scale)
  }
}

function bigEndian(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex === '' ? '0' : hex}`))
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

function shortestOfFloat(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(float.toPrecision(digits))
    if (Math.fround(decimal) === float) return decimal
  }
  return float
}
