import { readFileSync } from 'node:fs'
import type * as Config from 'effect/Config'
import * as ConfigProvider from 'effect/ConfigProvider'
import * as Effect from 'effect/Effect'
import * as Result from 'effect/Result'
import { nearest } from '#shared/rule-language/diagnostic'
import { sourceVariables } from '../../ingest/source-file.ts'
import { readFlags } from '../command.ts'
import { NotStarted } from '../failure.ts'
import { ownLogMistake } from './own-log.ts'
import { serveSettings } from './serve-settings.ts'
import type { Setting } from './setting.ts'

type SettingValues = {
  readonly [Name in keyof typeof serveSettings]: Config.Success<(typeof serveSettings)[Name]['config']>
}

/** What `vigil serve` runs with, checked in full. Folders are as they were written, relative to the working directory. */
export interface ServeConfiguration extends SettingValues {
  /** `--demo`: with a stream of its own. It has no variable. */
  readonly isDemo: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the configuration of `vigil serve`. A flag goes before the variable of the same name. A variable that is set to nothing counts as not
 * set, except for a secret: there it is a mistake, since it would open what it was meant to close.
 * Throws NotStarted, which names every mistake with its variable, value (a secret's is not shown), reason and remedy.
 */
export function readServeConfiguration(args: readonly string[], environment: Environment): ServeConfiguration {
  const settings: readonly Setting<unknown>[] = Object.values(serveSettings)
  const { flags, isDemo, mistakes } = readArguments(args, settings)
  const sourceFile = flags[serveSettings.sources.variable] ?? environment[serveSettings.sources.variable]
  mistakes.push(...unknownVariables(environment, settings, variablesOfSources(sourceFile)))
  const provider = ConfigProvider.orElse(
    ConfigProvider.fromUnknown(flags, { preserveEmptyStrings: true }),
    ConfigProvider.fromEnvRecord(setVariables(environment, settings), { preserveEmptyStrings: true }),
  )
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries<Setting<unknown>>(serveSettings)) {
    const read = Effect.runSync(Effect.result(setting.config.parse(provider)))
    if (Result.isSuccess(read)) values[name] = read.success
    else if (isDecided(setting, flags, args))
      mistakes.push(mistake(setting, flags, environment, read.failure.cause.message))
  }
  mistakes.push(...sinksIntoLog(values as Partial<SettingValues>, flags, environment, args))
  if (mistakes.length > 0) throw new NotStarted(listed(mistakes))
  return { ...(values as unknown as SettingValues), isDemo }
}

/** The flags by the variable whose place they take. Flags that cannot be read are a mistake, and none is known then. */
function readArguments(
  args: readonly string[],
  settings: readonly Setting<unknown>[],
): { readonly flags: Readonly<Record<string, string>>; readonly isDemo: boolean; readonly mistakes: string[] } {
  const options = Object.fromEntries(settings.map(({ flag }) => [flag, { type: 'string' } as const]))
  try {
    const { values } = readFlags(
      args,
      { ...options, demo: { type: 'boolean', default: false } },
      { min: 0, max: 0, what: 'nothing' },
    )
    const given: Readonly<Record<string, unknown>> = values
    const flags = settings.flatMap(({ flag, variable }) => {
      const text = given[flag]
      return typeof text === 'string' ? [[variable, text] as const] : []
    })
    return { flags: Object.fromEntries(flags), isDemo: given['demo'] === true, mistakes: [] }
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error
    return { flags: {}, isDemo: false, mistakes: [error.message] }
  }
}

/** Whether the value at fault is the one that counts: where the flags could not be read, one of them may replace the variable. */
function isDecided(
  { flag, variable }: Setting<unknown>,
  flags: Readonly<Record<string, string>>,
  args: readonly string[],
): boolean {
  return variable in flags || !args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`))
}

/** Alerts or decisions that would go into the log itself. */
function sinksIntoLog(
  values: Partial<SettingValues>,
  flags: Readonly<Record<string, string>>,
  environment: Environment,
  args: readonly string[],
): readonly string[] {
  const { log } = values
  if (log === undefined || !isDecided(serveSettings.log, flags, args)) return []
  return (['alertsTo', 'decisionsTo'] as const).flatMap((name) => {
    const setting = serveSettings[name]
    const sink = values[name]
    const unfit = sink === undefined ? undefined : ownLogMistake(log, sink)
    if (unfit === undefined || !isDecided(setting, flags, args)) return []
    return [mistake(setting, flags, environment, `${unfit.reason}; ${unfit.remedy}`)]
  })
}

/** Variables of other commands: whoever exports one for all of them may start `serve` too. */
const variablesOfOthers: readonly string[] = ['VIGIL_TOKEN']

/** Those of the file's sources. One that cannot be read names none, and is told as a mistake by whoever reads the sources themselves. */
function variablesOfSources(file: string | undefined): readonly string[] {
  if (file === undefined || file === '') return []
  try {
    return sourceVariables(readFileSync(file, 'utf8'))
  } catch {
    return []
  }
}

function unknownVariables(
  environment: Environment,
  settings: readonly Setting<unknown>[],
  more: readonly string[],
): string[] {
  const known = settings.map(({ variable }) => variable)
  const unknown = Object.keys(environment).filter(
    (name) =>
      name.startsWith('VIGIL_') &&
      !name.startsWith('VIGIL_TEST_') &&
      !known.includes(name) &&
      !more.includes(name) &&
      !variablesOfOthers.includes(name),
  )
  const bare = (name: string): string => name.slice('VIGIL_'.length)
  return unknown.sort().map((name) => {
    // Without what all have in common, so that it does not count for likeness.
    const near = nearest(bare(name), [...known, ...more].map(bare))
    return `${name}: no variable of Vigil; ${near === undefined ? `known are ${known.join(', ')}` : `did you mean VIGIL_${near}?`}`
  })
}

function setVariables(environment: Environment, settings: readonly Setting<unknown>[]): Record<string, string> {
  const set = settings.flatMap(({ variable, isSecret }) => {
    const text = environment[variable]
    return text === undefined || (text === '' && !isSecret) ? [] : [[variable, text] as const]
  })
  return Object.fromEntries(set)
}

function mistake(
  { variable, flag, isSecret }: Setting<unknown>,
  flags: Readonly<Record<string, string>>,
  environment: Environment,
  why: string,
): string {
  const isFlag = variable in flags
  const value = isSecret ? 'is' : `is ${shown((isFlag ? flags[variable] : environment[variable]) ?? '')},`
  const name = isFlag ? `--${flag} (${variable})` : `${variable} (--${flag})`
  return `${name} ${value} ${why}`
}

const shownCharactersMax = 100

/** Without the name and password that a URL may hold. */
function shown(text: string): string {
  const open = text.replace(/\/\/.*@/s, '//…@')
  return JSON.stringify(open.length > shownCharactersMax ? `${open.slice(0, shownCharactersMax)}…` : open)
}

const listed = (mistakes: readonly string[]): string =>
  mistakes.length === 1
    ? mistakes[0]
    : `the configuration has ${mistakes.length} mistakes\n${mistakes.map((text) => `  ${text}`).join('\n')}`
