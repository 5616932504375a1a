import { type ParseArgsConfig, parseArgs } from 'node:util'
import { nearest } from '#shared/rule-language/diagnostic'
import { NotStarted } from './failure.ts'

export interface Command {
  /** `rules check` */
  readonly name: string
  readonly summary: string
  /** Usage, flags and examples, as `--help` prints them; a function where that takes loading. */
  readonly help: string | (() => Promise<string>)
  /** @returns exit code */
  run(args: readonly string[]): Promise<number>
}

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Reads flags and positionals.
 * Throws NotStarted for an unknown flag (with the nearest known one), a missing value, or too many or too few positionals.
 */
export function readFlags<O extends Options>(
  args: readonly string[],
  options: O,
  positionals: { readonly min: number; readonly max: number; readonly what: string },
): {
  values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values']
  positionals: readonly string[]
} {
  refuseUnknown(args, Object.keys(options))
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true })
    const count = parsed.positionals.length
    if (count < positionals.min || count > positionals.max)
      throw new NotStarted(
        count > positionals.max
          ? `too many arguments: ${parsed.positionals[positionals.max]}`
          : `${positionals.what} is missing`,
      )
    return parsed
  } catch (error) {
    if (error instanceof TypeError) throw new NotStarted(error.message)
    throw error
  }
}

function refuseUnknown(args: readonly string[], known: readonly string[]): void {
  for (const arg of args) {
    if (arg === '--') return
    const name = /^--([^=]+)/.exec(arg)?.[1]
    if (name === undefined || known.includes(name)) continue
    const near = nearest(name, known)
    throw new NotStarted(`unknown flag --${name}${near === undefined ? '' : `; did you mean --${near}?`}`)
  }
}

/** One of a few words. Throws NotStarted. */
export function choice<T extends string>(flag: string, value: string, among: readonly T[]): T {
  const found = among.find((word) => word === value)
  if (found !== undefined) return found
  const near = nearest(value, among)
  throw new NotStarted(
    `--${flag} is ${among.join(', ')}, not "${value}"${near === undefined ? '' : `; did you mean ${near}?`}`,
  )
}

/** A whole number within bounds. Throws NotStarted. */
export function wholeNumber(flag: string, value: string, min: number, max: number): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= min && number <= max) return number
  throw new NotStarted(`--${flag} is a whole number from ${min} to ${max}, not "${value}"`)
}
