import * as Config from 'effect/Config'
import { SourceError } from 'effect/ConfigProvider'
import * as Effect from 'effect/Effect'

/** Why a setting does not take a value, and what to write instead. */
export class Unfit {
  readonly reason: string
  readonly remedy: string

  constructor(reason: string, remedy: string) {
    this.reason = reason
    this.remedy = remedy
  }
}

/** One thing that can be configured: by a variable of the environment, or by a flag of the same name. */
export interface Setting<T> {
  readonly variable: string
  /** Without `--`. */
  readonly flag: string
  /** Its value is never shown. */
  readonly isSecret: boolean
  /** What `--help` writes for the value: `DIR`. */
  readonly placeholder: string
  /** As a person would write it; undefined: not set means that there is none. */
  readonly fallback: string | undefined
  readonly summary: string
  /** Fails with the reason and the remedy, without the value. */
  readonly config: Config.Config<T>
}

interface SettingParts<T> extends Pick<Setting<T>, 'placeholder' | 'summary'> {
  /** `VIGIL_…` */
  readonly variable: string
  readonly fallback: string
  readonly read: (text: string) => T | Unfit
}

export function setting<T>({ variable, placeholder, fallback, summary, read }: SettingParts<T>): Setting<T> {
  const config = Config.String(variable).pipe(
    Config.withDefault(fallback),
    Config.mapEffect((text) => valueOrMistake(read(text))),
  )
  return { variable, flag: flagOf(variable), isSecret: false, placeholder, fallback, summary, config }
}

/** Not set means that there is none. */
export function optionalSetting<T>({
  variable,
  placeholder,
  summary,
  read,
}: Omit<SettingParts<T>, 'fallback'>): Setting<T | undefined> {
  const config = Config.String(variable).pipe(
    Config.mapEffect((text) => valueOrMistake(read(text))),
    Config.withDefault(undefined),
  )
  return { variable, flag: flagOf(variable), isSecret: false, placeholder, fallback: undefined, summary, config }
}

/** `VIGIL_DATA_DIR` → `data-dir` */
export const flagOf = (variable: string): string => variable.slice('VIGIL_'.length).toLowerCase().replaceAll('_', '-')

export function valueOrMistake<T>(value: T | Unfit): Effect.Effect<T, Config.ConfigError> {
  if (!(value instanceof Unfit)) return Effect.succeed(value)
  return Effect.fail(new Config.ConfigError(new SourceError({ message: `${value.reason}; ${value.remedy}` })))
}
