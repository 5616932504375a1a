import { formatMoney } from '#shared/domain/money'
import { formatDuration, formatTimestamp } from '#shared/domain/time'
import type { ValueType } from '#shared/domain/value-type'

/** A value as it stands in a message: `12.30`, `1h30m`, `2026-03-01T12:00:00.000Z`, `true`; absent: `–`. */
export function formatValue(value: unknown, type: ValueType): string {
  if (isAbsent(value)) return '–'
  switch (type.kind) {
    case 'string':
      return String(value)
    case 'bool':
      return value === 1 ? 'true' : 'false'
    case 'money':
      return formatMoney(Number(value), type.decimals)
    case 'timestamp':
      return formatTimestamp(Number(value))
    case 'duration': {
      const ms = Number(value)
      return ms < 0 ? `-${formatDuration(-ms)}` : formatDuration(ms)
    }
    case 'list':
      return `[${(value as readonly unknown[]).map((element) => formatValue(element, type.element)).join(', ')}]`
    case 'map':
      return `{${entries(value)
        .map(([key, element]) => `${key}: ${formatValue(element, type.value)}`)
        .join(', ')}}`
    default:
      return number(value)
  }
}

/**
 * A value as the text of a JSON value: times in RFC 3339, money as a number with its decimals, durations in seconds.
 * @returns undefined where it is absent, so that it is left out
 */
export function jsonValue(value: unknown, type: ValueType): string | undefined {
  if (isAbsent(value)) return undefined
  switch (type.kind) {
    case 'string':
      return JSON.stringify(value)
    case 'timestamp':
      return `"${formatTimestamp(Number(value))}"`
    case 'duration':
      return number(Number(value) / 1_000)
    case 'list':
      return `[${(value as readonly unknown[]).map((element) => jsonValue(element, type.element) ?? 'null').join(',')}]`
    case 'map':
      return `{${entries(value)
        .map(([key, element]) => `${JSON.stringify(key)}:${jsonValue(element, type.value) ?? 'null'}`)
        .join(',')}}`
    default:
      return formatValue(value, type)
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || Number.isNaN(value)

const entries = (value: unknown): readonly (readonly [string, unknown])[] => [
  ...(value as ReadonlyMap<string, unknown>),
]

/** The shortest text that reads back as the same double; never `-0`. */
const number = (value: unknown): string => String(Number(value) + 0)
